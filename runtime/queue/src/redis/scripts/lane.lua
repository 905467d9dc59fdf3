-- Lanes: how far each partition is settled, what was settled before this queue knew of it, and which of its
-- jobs are parked. Part of what the scripts share.

-- A piece of a bitmap of a lane: `b` of what is settled, `i` of what is inherited, `u` of what of that is used up.
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

-- A copy of an inherited offset has come: no other one is the job.
local function use_up(lane, offset)
  local block = floor(offset / BLOCK)
  call('SETBIT', block_key(lane, block, 'u'), offset % BLOCK, 1)
  call('ZADD', P .. 'u:' .. lane, 0, fmt('%d', block))
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

-- Parked jobs: of each lane and type exactly those offsets are kept whose copies are out, as bits in pieces. `q:LANE` counts
-- them, by type and by piece; a piece whose count is 0 is not there, and neither is a type's count.
local function parked_key(lane, no, block) return P .. 'q:' .. lane .. ':' .. no .. ':' .. fmt('%d', block) end
local function is_parked(lane, no, offset)
  return call('GETBIT', parked_key(lane, no, floor(offset / BLOCK)), offset % BLOCK) == 1
end

-- Jobs of a type that somebody wished to cancel while jobs of it were parked: of each the offset of the last wish. A copy of what
-- stood before it is not run. Gone when no job of the type is out any more.
local function unwanted_key(lane, no) return P .. 'x:' .. lane .. ':' .. no end

-- Writes which offsets of a type are out now and were not (true), or were and are not (false). A count is written before
-- the bits it counts and taken back after them, so that no piece is ever without one, also in a file with a torn end.
-- Cost: O(offsets).
local function write_parked(lane, no, news)
  local blocks, more = {}, 0
  for offset, is_out in pairs(news) do
    local block = floor(offset / BLOCK)
    local piece = blocks[block]
    if not piece then
      piece = { fields = {}, more = 0 }
      blocks[block] = piece
    end
    local fields, at = piece.fields, #piece.fields
    fields[at + 1], fields[at + 2], fields[at + 3], fields[at + 4] = 'SET', 'u1', offset - block * BLOCK, is_out and 1 or 0
    piece.more = piece.more + (is_out and 1 or -1)
  end
  for block, piece in pairs(blocks) do
    local field, key = no .. ':' .. fmt('%d', block), parked_key(lane, no, block)
    local left = call('HINCRBY', P .. 'q:' .. lane, field, piece.more)
    if left > 0 then
      many('BITFIELD', key, piece.fields, 4)
    else
      call('DEL', key)
      call('HDEL', P .. 'q:' .. lane, field)
    end
    more = more + piece.more
  end
  if more == 0 then return end
  local out = call('HINCRBY', P .. 'q:' .. lane, no, more)
  if out == 0 then
    call('HDEL', P .. 'q:' .. lane, no)
    call('DEL', unwanted_key(lane, no))
  end
  if out == more then call('HINCRBY', P .. 'n:' .. lane, 'parking', 1) end
  if out == 0 then call('HINCRBY', P .. 'n:' .. lane, 'parking', -1) end
end

-- What is counted of the parked jobs of a lane: { [no] = { out = …, blocks = { [block] = … } } }.
local function counted_parked(lane)
  local by_type, counts = {}, call('HGETALL', P .. 'q:' .. lane)
  for at = 1, #counts, 2 do
    local no, block = string.match(counts[at], '^(%d+):?(%d*)$')
    no = tonumber(no)
    by_type[no] = by_type[no] or { out = 0, blocks = {} }
    if block == '' then by_type[no].out = tonumber(counts[at + 1]) else by_type[no].blocks[tonumber(block)] = tonumber(counts[at + 1]) end
  end
  return by_type
end

-- Each bit that is set in one of two texts.
local function union(bits, others)
  local bytes = {}
  for at = 1, max(#bits, #others) do
    bytes[at] = string.char(bit.bor(string.byte(bits, at) or 0, string.byte(others, at) or 0))
  end
  return table.concat(bytes)
end

-- Nobody waits for the parked jobs of a type and lane any more. A copy that comes all the same is the job: what was out is inherited.
-- Cost: O(pieces and bytes of their bits).
local function give_up_parked(lane, no)
  local parked = counted_parked(lane)[no]
  if not parked then return end
  local ended = tonumber(call('HGET', P .. 'n:' .. lane, 'ended') or 0)
  for block in pairs(parked.blocks) do
    local key = block_key(lane, block, 'i')
    call('SETRANGE', key, 0, union(call('GET', key) or '', call('GET', parked_key(lane, no, block)) or ''))
    call('ZADD', P .. 'i:' .. lane, 0, fmt('%d', block))
    ended = max(ended, (block + 1) * BLOCK)
    call('DEL', parked_key(lane, no, block))
    call('HDEL', P .. 'q:' .. lane, no .. ':' .. fmt('%d', block))
  end
  call('HSET', P .. 'n:' .. lane, 'ended', fmt('%d', ended))
  call('HDEL', P .. 'q:' .. lane, no)
  call('DEL', unwanted_key(lane, no))
  call('HINCRBY', P .. 'n:' .. lane, 'parking', -1)
end

-- Counts the parked jobs of all lanes anew, after a file with a torn end was loaded: its last push may be there in part, and
-- comes again. Cost: O(lanes and bytes of bits).
local function recount_parked()
  for lane = 1, tonumber(call('HGET', P .. 'c', 'lanes') or 0) do
    local wanted, open = tonumber(call('HGET', P .. 'n:' .. lane, 'want') or 0), 0
    for no, parked in pairs(counted_parked(lane)) do
      local out = 0
      for block in pairs(parked.blocks) do
        local key, field = parked_key(lane, no, block), no .. ':' .. fmt('%d', block)
        repeat
          local beyond = call('BITPOS', key, 1, max(0, wanted - block * BLOCK), BLOCK - 1, 'BIT')
          if beyond >= 0 then call('SETBIT', key, beyond, 0) end
        until beyond < 0
        local bits = call('BITCOUNT', key)
        if bits > 0 then
          call('HSET', P .. 'q:' .. lane, field, bits)
        else
          call('DEL', key)
          call('HDEL', P .. 'q:' .. lane, field)
        end
        out = out + bits
      end
      if out > 0 then call('HSET', P .. 'q:' .. lane, no, out) else call('HDEL', P .. 'q:' .. lane, no) end
      if out == 0 then call('DEL', unwanted_key(lane, no)) end
      if out > 0 then open = open + 1 end
    end
    if open > 0 then call('HSET', P .. 'n:' .. lane, 'parking', open) else call('HDEL', P .. 'n:' .. lane, 'parking') end
  end
end

-- Whether every bit of `bits` is one of `others` too.
local function is_within(bits, others)
  for at = 1, #bits do
    local byte = string.byte(bits, at)
    if byte > 0 and bit.band(byte, bit.bnot(string.byte(others, at) or 0)) ~= 0 then return false end
  end
  return true
end

-- What is wrong with the lanes: a floor beyond what is wanted; parked jobs that are not what is counted, that were not passed
-- yet, or whose offsets are not settled. Cost: O(lanes and bytes of bits of parked jobs).
local function check_lanes(fault)
  for lane = 1, tonumber(call('HGET', P .. 'c', 'lanes') or 0) do
    local l = call('HMGET', P .. 'n:' .. lane, 'name', 'want', 'floor', 'parking', 'untracked', 'left')
    local wanted, at, open = tonumber(l[2] or nil), tonumber(l[3] or nil), 0
    if wanted and at > wanted then fault('lane %s wants %d, below its floor %d', l[1], wanted, at) end
    for no, parked in pairs(counted_parked(lane)) do
      local out = 0
      for block, count in pairs(parked.blocks) do
        local key, base = parked_key(lane, no, block), block * BLOCK
        local bits = call('BITCOUNT', key)
        if bits ~= count or bits == 0 then
          fault('lane %s counts %d parked jobs of type %d from %d on, and has %d', l[1], count, no, base, bits)
        end
        if call('BITPOS', key, 1, max(0, (wanted or 0) - base), BLOCK - 1, 'BIT') >= 0 then
          fault('lane %s has a parked job of type %d at %d or above, and wants %d', l[1], no, base, wanted or 0)
        end
        if at and block >= floor(at / BLOCK) and not l[5] and not l[6] and not is_within(call('GET', key) or '', call('GET', block_key(lane, block)) or '') then
          fault('lane %s has a parked job of type %d at %d or above that is not settled', l[1], no, base)
        end
        out = out + bits
      end
      open = open + 1
      if out ~= parked.out or out == 0 then fault('lane %s counts %d parked jobs of type %d, and has %d', l[1], parked.out, no, out) end
    end
    if open ~= tonumber(l[4] or 0) then fault('lane %s counts %s types with parked jobs and has %d', l[1], l[4] or 0, open) end
  end
end
