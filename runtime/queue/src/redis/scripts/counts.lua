#!lua flags=allow-oom
-- Counts: jobs per type and state.
--
-- KEYS  core
-- Gives eleven per type: name, pending, scheduled, in flight, dead, accepted, completed, cancelled, retried, lost,
--       duplicates
-- Cost  O(types)
begin()
local answer = {}
for no = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1 do
  local t = call('HMGET', P .. 't:' .. no, 'n', 'pend', 'sched', 'infl', 'dead', 'acc', 'comp', 'canc', 'retr', 'lost', 'dupl')
  for field = 1, 11 do answer[#answer + 1] = t[field] or '0' end
end
return answer
