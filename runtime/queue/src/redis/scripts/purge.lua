#!lua flags=allow-oom
-- Purge: throws dead letters away, but those that the log is owed.
--
-- KEYS  core
-- ARGV  keys of letters
-- Gives how many there were
-- Cost  O(letters · log letters)
begin()
local purged = 0
for _, letter in ipairs(ARGV) do
  local index = call('HGET', P .. 'di', letter)
  if index then
    local _, _, _, debt = unpack_(LETTER, index)
    if debt == 0 then
      drop_letter(letter)
      purged = purged + 1
    end
  end
end
wake(finish())
return purged
