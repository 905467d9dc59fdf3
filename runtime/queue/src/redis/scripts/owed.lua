#!lua flags=allow-oom
-- Owed: the oldest letters that the log does not have yet.
--
-- KEYS  core
-- ARGV  most
-- Gives two per debt: its number, the letter
-- Cost  O(debts given)
begin()
local answer = {}
for _, debt in ipairs(call('ZRANGE', P .. 'o', 0, tonumber(ARGV[1]) - 1)) do
  local owed = call('HGET', P .. 'od', debt)
  local letter = owed and call('HGET', P .. 'd', string.sub(owed, 9))
  -- One that is written by half, after a torn file, waits until it is mended.
  if letter then answer[#answer + 1], answer[#answer + 2] = debt, letter end
end
return answer
