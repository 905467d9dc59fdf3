-- Lanes: how far each partition is settled, what was settled before this queue knew of it, and which of its types have
-- parked jobs out. Part of what the scripts share.

-- A piece of a bitmap of a lane: `b` of what is settled, `i` of what is inherited.
local function block_key(lane, block, kind) return P .. (kind or 'b') .. ':' .. lane .. ':' .. fmt('%d', block) end
-- Marks offsets settled: { [lane] = { offset, … } }. Lane 0 has no log behind it.
local function mark_settled(by_lane)
  for lane, offsets in pairs(by_lane) do
    local blocks = {}
    for _, offset in ipairs(offsets) do
      local block = floor(offset / BLOCK)
      local fields = blocks[block]
      if not fields then
        fields = {}
        blocks[block] = fields
      end
      local at = #fields
      fields[at + 1], fields[at + 2], fields[at + 3], fields[at + 4] = 'SET', 'u1', offset - block * BLOCK, 1
    end
    for block, fields in pairs(blocks) do many('BITFIELD', block_key(lane, block), fields, 4) end
  end
end

-- Marks a range settled, or, with the kind `i`, inherited. Cost: O(bytes of its bits).
local function mark_range(lane, from, to, kind)
  while from < to do
    local block = floor(from / BLOCK)
    local upto = min(to, (block + 1) * BLOCK)
    local key, first, last = block_key(lane, block, kind), from - block * BLOCK, upto - block * BLOCK
    while first < last and first % 8 ~= 0 do
      call('SETBIT', key, first, 1)
      first = first + 1
    end
    while last > first and last % 8 ~= 0 do
      last = last - 1
      call('SETBIT', key, last, 1)
    end
    if first < last then call('SETRANGE', key, first / 8, string.rep('\255', (last - first) / 8)) end
    from = upto
  end
end

local function has_bit(lane, offset, kind)
  return call('GETBIT', block_key(lane, floor(offset / BLOCK), kind), offset % BLOCK) == 1
end

-- Marks as inherited what of a range is not settled yet, and notes in which pieces that is. They are kept as long as the lane:
-- a copy of such an offset may stand anywhere further on, also in the log of parked jobs, and without its bit it would be
-- lost. Gives the highest such offset + 1, nil when there is none, and whether one is below `wanted`. To be called before
-- the range is marked settled. Cost: O(runs of such offsets and bytes of bits).
local function inherit(lane, from, to, wanted)
  local upmost, has_news = nil, false
  while from < to do
    local block = floor(from / BLOCK)
    local upto = min(to, (block + 1) * BLOCK)
    local key, base, last = block_key(lane, block), block * BLOCK, upto - block * BLOCK - 1
    local at, length = from - base, call('STRLEN', key) * 8
    while at <= last do
      -- Bits behind the end of the text are 0.
      local gap, ends = max(at, length), last + 1
      if at < length then
        local found = call('BITPOS', key, 0, at, min(last, length - 1), 'BIT')
        if found >= 0 then
          gap = found
          found = call('BITPOS', key, 1, gap, min(last, length - 1), 'BIT')
          if found >= 0 then ends = found end
        end
      end
      if gap > last then break end
      mark_range(lane, base + gap, base + ends, 'i')
      call('ZADD', P .. 'i:' .. lane, 0, fmt('%d', block))
      upmost, has_news = base + ends, has_news or base + gap < wanted
      at = ends
    end
    from = upto
  end
  return upmost, has_news
end

-- Begins a lane under this name.
local function begin_lane(name, untracked)
  local lane = call('HINCRBY', P .. 'c', 'lanes', 1)
  -- Claims and debts have two bytes for it.
  if lane > 65535 then error({ err = 'LANES' }) end
  call('HSET', P .. 'n', name, lane)
  call('HSET', P .. 'n:' .. lane, 'name', name)
  if untracked then call('HSET', P .. 'n:' .. lane, 'untracked', '1') end
  return lane
end

-- Runs of parked jobs, by lane and type: of jobs that were parked copies are out. A copy is awaited if it was made of an
-- offset in `next`..=`last`; it ends the wait for all before it. `out` counts what is awaited; at 0 the run ends.
local RUN = '>I6I6I4'
local function read_runs(lane, numbers)
  local runs = {}
  for begins = 1, #numbers, PIECE do
    local ends = min(begins + PIECE - 1, #numbers)
    local found = call('HMGET', P .. 'q:' .. lane, unpack(numbers, begins, ends))
    for at = begins, ends do
      local run = found[at - begins + 1]
      if run then
        local next, last, out = unpack_(RUN, run)
        runs[numbers[at]] = { next = next, last = last, out = out, was = out }
      end
    end
  end
  return runs
end
-- Writes the runs that changed, and how many are open. An open one has something out.
local function write_runs(lane, runs)
  local opened = 0
  for no, run in pairs(runs) do
    if run.changed then
      if run.out > 0 then
        call('HSET', P .. 'q:' .. lane, no, pack(RUN, run.next, run.last, run.out))
        if run.was == 0 then opened = opened + 1 end
      elseif run.was > 0 then
        call('HDEL', P .. 'q:' .. lane, no)
        opened = opened - 1
      end
    end
  end
  if opened ~= 0 then call('HINCRBY', P .. 'n:' .. lane, 'parking', opened) end
end

-- What is wrong with the lanes: a floor beyond what is wanted, runs that are not what is counted. Cost: O(lanes and runs).
local function check_lanes(fault)
  for lane = 1, tonumber(call('HGET', P .. 'c', 'lanes') or 0) do
    local l = call('HMGET', P .. 'n:' .. lane, 'name', 'want', 'floor', 'parking')
    local wanted, at, open = tonumber(l[2] or nil), tonumber(l[3] or nil), 0
    if wanted and at > wanted then fault('lane %s wants %d, below its floor %d', l[1], wanted, at) end
    local runs = call('HGETALL', P .. 'q:' .. lane)
    for index = 1, #runs, 2 do
      local next, last, out = unpack_(RUN, runs[index + 1])
      open = open + 1
      if out == 0 or out > last - next + 1 or last >= (wanted or 0) then
        fault('lane %s awaits %d copies of type %s, made of %d to %d', l[1], out, runs[index], next, last)
      end
    end
    if open ~= tonumber(l[4] or 0) then fault('lane %s counts %s types with parked jobs and has %d', l[1], l[4] or 0, open) end
  end
end
