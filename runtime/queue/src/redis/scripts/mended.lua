#!lua flags=allow-oom
-- Mended: what was loaded after a restart has been looked at.
--
-- KEYS  core
-- ARGV  the server's run that was looked at; of another one nothing is known
-- Gives OK
-- Cost  O(1)
begin()
if call('HGET', P .. 'c', 'run') == ARGV[1] then call('HDEL', P .. 'c', 'mend') end
return redis.status_reply('OK')
