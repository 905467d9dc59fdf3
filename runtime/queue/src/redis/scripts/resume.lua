#!lua flags=allow-oom
-- Resume: begins or resumes a lane with what the log knows to be settled.
--
-- KEYS  core
-- ARGV  lane's name · 1 when nothing in it is ever unsettled · floor · two per settled range above it: from, to
-- Gives {wanted, lane, 1 when live jobs have to be dropped (see drop) because the shard was rolled back}
-- Cost  O(ranges and the bytes of their bits)
begin()
local name, untracked, settled_to = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
local lane = tonumber(call('HGET', P .. 'n', name) or nil)
local wanted, at, drops = settled_to, settled_to, false
if not lane then
  lane = call('HINCRBY', P .. 'c', 'lanes', 1)
  call('HSET', P .. 'n', name, lane)
  call('HSET', P .. 'n:' .. lane, 'name', name)
  if untracked then call('HSET', P .. 'n:' .. lane, 'untracked', '1') end
else
  local l = call('HMGET', P .. 'n:' .. lane, 'want', 'floor', 'drop')
  wanted, at, drops = tonumber(l[1]), tonumber(l[2]), l[3] == '1'
end
local top = tonumber(call('HGET', P .. 'n:' .. lane, 'top') or 0)
if not untracked then
  -- Whether some offset in from..to, below what is wanted, is not settled here.
  local function has_news(from, to)
    to = min(to, wanted)
    while from < to do
      local block = floor(from / BLOCK)
      local upto = min(to, (block + 1) * BLOCK)
      local key, first, last = block_key(lane, block), from - block * BLOCK, upto - block * BLOCK - 1
      if call('EXISTS', key) == 0 then return true end
      local gap = call('BITPOS', key, 0, first, last, 'BIT')
      -- Bits behind the end of the text are 0.
      if gap >= 0 or call('STRLEN', key) * 8 <= last then return true end
      from = upto
    end
    return false
  end
  drops = drops or has_news(at, settled_to)
  for index = 4, #ARGV, 2 do
    drops = drops or has_news(max(at, tonumber(ARGV[index])), tonumber(ARGV[index + 1]))
  end
  if settled_to > at then
    -- What lies below the floor is settled whole; its bits are not kept, but in the floor's own block.
    for block = floor(at / BLOCK), floor(settled_to / BLOCK) - 1 do call('DEL', block_key(lane, block)) end
    at = settled_to
  end
  mark_range(lane, floor(at / BLOCK) * BLOCK, at)
  for index = 4, #ARGV, 2 do
    local from, to = tonumber(ARGV[index]), tonumber(ARGV[index + 1])
    mark_range(lane, max(from, at), to)
    top = max(top, to)
  end
end
wanted = max(wanted, settled_to)
call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', wanted), 'floor', fmt('%d', at), 'top', fmt('%d', top), 'drop', drops and '1' or '0')
return { wanted, lane, drops and 1 or 0 }
