#!lua flags=allow-oom
-- Owed: the oldest debts: letters that the log does not have yet, and children of jobs that completed.
--
-- KEYS  core
-- ARGV  most
-- Gives three per debt: its number, l · the letter, or c · the children with what stands before them
-- Cost  O(debts given)
begin()
local answer = {}
for _, debt in ipairs(call('ZRANGE', P .. 'o', 0, tonumber(ARGV[1]) - 1)) do
  local owed = call('HGET', P .. 'od', debt)
  local kind, what = 'l', owed and call('HGET', P .. 'd', string.sub(owed, 9))
  if not owed then kind, what = 'c', call('HGET', P .. 'oc', debt) end
  -- One that is written by half, after a torn file, waits until it is mended.
  if what then
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3] = debt, kind, what
  end
end
return answer
