#!lua flags=allow-oom
-- Counts: jobs per type and state.
--
-- KEYS  core
-- Gives eleven per type: name, pending, scheduled, in flight, dead, accepted, completed, cancelled, retried, lost,
--       duplicates
-- Cost  O(types)
begin()
local answer, names = {}, call('HGETALL', P .. 'ti')
local numbers = {}
for at = 1, #names, 2 do numbers[#numbers + 1] = names[at] end
load_types(numbers)
for at = 1, #names, 2 do
  local t, n = types[tonumber(names[at])], #answer
  answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5] = names[at + 1], t.pend, t.sched, t.infl, t.dead
  answer[n + 6], answer[n + 7], answer[n + 8], answer[n + 9], answer[n + 10], answer[n + 11] = t.acc, t.comp, t.canc, t.retr, t.lost, t.dupl
end
return answer
