#!lua flags=allow-oom
-- Start: what a process says when it has connected. A newer layout refuses it (LAYOUT n); this one is the first, so none
-- is migrated yet.
--
-- KEYS  core
-- ARGV  dead letters kept per type where no log takes them
-- Gives OK
-- Cost  O(types)
begin()
measure()
call('HSET', P .. 'c', 'dmax', ARGV[1])
if core.dmax ~= tonumber(ARGV[1]) then
  core.dmax = tonumber(ARGV[1])
  for no = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1 do touch(no) end
  wake(finish())
end
return redis.status_reply('OK')
