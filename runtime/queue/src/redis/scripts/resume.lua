#!lua flags=allow-oom
-- Resume: begins or resumes a lane with what the log knows to be settled. What of that was not settled here is inherited: a
-- copy of it was made before this queue was lost, and is the job.
--
-- KEYS  core
-- ARGV  lane's name · 1 when nothing in it is ever unsettled · epoch of what the log knows · floor · two per settled range
--       above it: from, to
-- Gives {wanted, lane, 1 when live jobs have to be dropped (see drop) because the shard was rolled back} | {outdated, epoch}
--       when the lane was adopted in a later epoch: nothing is changed then
-- Cost  O(ranges and the bytes of their bits)
begin()
local name, untracked, epoch, settled_to = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3]), tonumber(ARGV[4])
local lane = tonumber(call('HGET', P .. 'n', name) or nil)
-- Missing where the lane was never adopted.
local begun = lane and tonumber(call('HGET', P .. 'n:' .. lane, 'epoch') or 0) or 0
if epoch < begun then return { 'outdated', begun } end
local wanted, at, drops, top, ended = settled_to, settled_to, false, 0, 0
if not lane then
  lane = begin_lane(name, untracked)
  -- Of a lane that is begun all below its floor is inherited.
  if not untracked and settled_to > 0 then call('HSET', P .. 'n:' .. lane, 'begun', fmt('%d', settled_to)) end
else
  local l = call('HMGET', P .. 'n:' .. lane, 'want', 'floor', 'drop', 'top', 'ended')
  wanted, at, drops, top, ended = tonumber(l[1]), tonumber(l[2]), l[3] == '1', tonumber(l[4] or 0), tonumber(l[5] or 0)
end
local ended_before = ended
if not untracked then
  local function hear(from, to)
    local upmost, has_news = inherit(lane, from, to, wanted)
    ended, drops = max(ended, upmost or 0), drops or has_news
  end
  hear(at, settled_to)
  for index = 5, #ARGV, 2 do hear(max(at, tonumber(ARGV[index])), tonumber(ARGV[index + 1])) end
  if settled_to > at then
    -- What lies below the floor is settled whole; its bits are not kept, but in the floor's own block.
    for block = floor(at / BLOCK), floor(settled_to / BLOCK) - 1 do call('DEL', block_key(lane, block)) end
    at = settled_to
  end
  mark_range(lane, floor(at / BLOCK) * BLOCK, at)
  for index = 5, #ARGV, 2 do
    local from, to = tonumber(ARGV[index]), tonumber(ARGV[index + 1])
    mark_range(lane, max(from, at), to)
    top = max(top, to)
  end
end
wanted = max(wanted, settled_to)
call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', wanted), 'floor', fmt('%d', at), 'top', fmt('%d', top), 'drop', drops and '1' or '0')
if epoch > begun then call('HSET', P .. 'n:' .. lane, 'epoch', fmt('%d', epoch)) end
if ended > ended_before then call('HSET', P .. 'n:' .. lane, 'ended', fmt('%d', ended)) end
return { wanted, lane, drops and 1 or 0 }
