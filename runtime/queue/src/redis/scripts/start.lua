#!lua flags=allow-oom
-- Start: what a process says when it has connected. A newer layout refuses it (LAYOUT n); this one is the first, so none
-- is migrated yet. When the server is another run than before, what it loaded may have to be mended (see mend).
--
-- KEYS  core
-- ARGV  dead letters kept per type where no log takes them · the server's run · shards on this server
-- Gives 1 when the server is another run than before, else 0
-- Cost  O(types)
begin()
share_with(tonumber(ARGV[3]))
measure()
keep_dead(tonumber(ARGV[1]))
wake(finish())
local before = call('HGET', P .. 'c', 'run')
local is_empty = call('HEXISTS', P .. 'c', 'types') == 0
if before == ARGV[2] then return 0 end
call('HSET', P .. 'c', 'run', ARGV[2])
-- Without a run before it was wiped meanwhile; then it is another one only if something has come since.
if not before and is_empty then return 0 end
call('HSET', P .. 'c', 'mend', '0')
return 1
