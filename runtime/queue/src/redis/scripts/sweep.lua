#!lua flags=allow-oom
-- Sweep: what time does. Leases run out, jobs fall due, held types may start again, results and marks are forgotten, and
-- tombstones that no take comes to. Any worker, about once a second.
--
-- KEYS  core
-- ARGV  most jobs to move · dead letters kept per type where no log takes them · shards on this server: a shard that was
--       wiped forgot both
-- Gives {expired, due, forgotten, 1 if something can be taken, ms until something may start by itself or -1, 1 if the
--       caller has to mend the shard: its server was started again}
-- Cost  O(jobs moved · log n) and O(what is forgotten), each bounded
begin()
share_with(tonumber(ARGV[3]))
measure()
keep_dead(tonumber(ARGV[2]))
local most = tonumber(ARGV[1])
local expired = expire(most)
local due = fall_due(most - expired)
unhold()
local cleared = clear_litter()
wake(finish())
local old = call('ZRANGEBYSCORE', P .. 'ru', '-inf', fmt('%d', now), 'LIMIT', 0, PIECE)
local forgotten = #old
-- Memory is short: results go first.
if core.full and #old == 0 then old = call('ZRANGE', P .. 'ru', 0, PIECE - 1) end
many('ZREM', P .. 'ru', old)
many('HDEL', P .. 'r', old)
local over = call('ZRANGEBYSCORE', P .. 'm', '-inf', fmt('%d', (now + 1) * 1024 - 1), 'LIMIT', 0, PIECE)
many('ZREM', P .. 'm', over)
local mend = tonumber(core[9] or nil)
-- One caller at a time; another one when the first has not come to an end in half a minute.
local is_mine = mend and now - mend > 30000
if is_mine then call('HSET', P .. 'c', 'mend', fmt('%d', now)) end
return { expired, due, forgotten + #over + cleared, call('ZCARD', P .. 'y') > 0 and 1 or 0, next_moment(), is_mine and 1 or 0 }
