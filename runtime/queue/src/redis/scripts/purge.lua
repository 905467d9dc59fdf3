#!lua flags=allow-oom
-- Purge: throws dead letters away, but those that the log is owed.
--
-- KEYS  core
-- ARGV  keys of letters
-- Gives how many there were
-- Cost  O(letters · log letters)
begin()
local purged, touched = 0, {}
for _, letter in ipairs(ARGV) do
  local index = call('HGET', P .. 'di', letter)
  if index then
    local no, _, _, debt = unpack_(LETTER, index)
    if debt == 0 then
      drop_letter(letter)
      purged = purged + 1
      if no ~= NO_TYPE then touched[no] = true end
    end
  end
end
write_sums()
for no in pairs(touched) do wake(rank(no)) end
return purged
