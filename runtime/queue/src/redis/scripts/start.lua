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
keep_dead(tonumber(ARGV[1]))
return redis.status_reply('OK')
