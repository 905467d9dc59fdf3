#!lua flags=allow-oom
-- Report: keeps what a worker tells of itself, and forgets what others do not tell any more.
--
-- KEYS  core, of the first shard
-- ARGV  worker, milliseconds to keep it, the report
-- Gives nothing
-- Cost  O(log workers) and O(reports forgotten)
begin()
local keep = tonumber(ARGV[2])
local old = call('ZRANGEBYSCORE', P .. 'wx', '-inf', fmt('%d', now), 'LIMIT', 0, PIECE)
if #old > 0 then
  call('ZREM', P .. 'wx', unpack(old))
  call('HDEL', P .. 'wr', unpack(old))
end
call('HSET', P .. 'wr', ARGV[1], ARGV[3])
call('ZADD', P .. 'wx', fmt('%d', now + keep), ARGV[1])
-- Without workers nobody forgets the last of them.
call('PEXPIRE', P .. 'wr', keep * 2)
call('PEXPIRE', P .. 'wx', keep * 2)
return {}
