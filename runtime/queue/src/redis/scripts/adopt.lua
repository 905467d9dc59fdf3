#!lua flags=allow-oom
-- Adopt: gives a lane's name to a new lane that begins at an offset, because the old one's offsets mean other records now.
-- What of the old one is inherited or parked stays with it: copies of that find it behind the new lane, and are the jobs.
-- Its jobs live on under the old lane's number, which keeps its name for their letters, until they come from the log again; what
-- they settle is read by nobody, so the bits of that are left to a time of their own.
--
-- KEYS  core
-- ARGV  lane's name · 1 when nothing in it is ever unsettled · offset · the lane's partition · of a lane of parked jobs their
--       type, else '' · epoch, of which or a later one what the log knows has to be to resume it
-- Gives the new lane
-- Cost  O(pieces of the old lane's bits); for a lane of parked jobs O(lanes and bytes of their parked jobs' bits) more
begin()
local name, from = ARGV[1], tonumber(ARGV[3])
local old = tonumber(call('HGET', P .. 'n', name) or nil)
-- How long the old lane's bits are kept, in ms: 30 days. A job that is still alive then begins a piece anew.
local KEEP_BITS = 2592000000
if old then
  local l = call('HMGET', P .. 'n:' .. old, 'want', 'floor', 'top')
  local wanted, at, top = tonumber(l[1]), tonumber(l[2]), tonumber(l[3] or 0)
  for block = floor(at / BLOCK), floor(max(wanted, top) / BLOCK) do
    -- Only a key that is there can be given an end.
    call('SETBIT', block_key(old, block), 0, 1)
    call('PEXPIRE', block_key(old, block), fmt('%d', KEEP_BITS))
  end
  call('HDEL', P .. 'n:' .. old, 'top', 'drop', 'passed')
  call('HSET', P .. 'n:' .. old, 'left', '1')
end
-- Perhaps nobody returns the parked jobs whose copies stood here: the others of their type are not to wait for them.
local copied = ARGV[5] ~= '' and tonumber(call('HGET', P .. 'tn', ARGV[5]) or nil)
if copied then
  local lanes, ends = call('HGETALL', P .. 'n'), '/' .. ARGV[4]
  for at = 1, #lanes, 2 do
    local no = string.sub(lanes[at], -#ends) == ends and lanes[at + 1]
    while no do
      give_up_parked(no, copied)
      no = call('HGET', P .. 'n:' .. no, 'before')
    end
  end
end
local lane = begin_lane(name, ARGV[2] == '1')
if old then call('HSET', P .. 'n:' .. lane, 'before', old) end
call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', from), 'floor', fmt('%d', from), 'top', '0', 'drop', '0', 'epoch', ARGV[6])
mark_range(lane, floor(from / BLOCK) * BLOCK, from)
return lane
