-- What the scripts share: Rust puts this text before each of them. One shard's keys begin with one hash tag, and only
-- KEYS[1], the shard's core, is declared: all others are in the same slot. The layout is drawn in the crate's README.
--
-- Numbers in records are big-endian. A key of a job (`key`) is 14 bytes, made from its id by Rust.
local LAYOUT = '1'
local P = string.sub(KEYS[1], 1, -2)
local call, floor, min, max, fmt = redis.call, math.floor, math.min, math.max, string.format
local pack, unpack_ = struct.pack, struct.unpack
local core, now
-- Header of a stored job: type, lane, priority and flags, generation, redrives, window, accepted at, offset.
local HEADER, HEADER_BYTES = '>I3I2BI2I2I4I6I6', 26
-- A claim: 8 bytes that fence it, then attempts, type, lane, offset, priority.
local CLAIM, CLAIM_BYTES = '>I2I3I2I6B', 22
-- What is remembered of a job that was tried and is not in flight: attempts, suspect, type, priority.
local TRIED, TRIED_BYTES = '>I2BI3B', 7
-- A type: pending, tombstones, scheduled, in flight, dead, letters kept here, what is owed, place (0 nowhere, 1 in `y`, 2
-- in `h`), paused, revision + 1, concurrency, burst, interval in ms (0: no rate), theoretical arrival, stride, turn, then
-- what came: accepted, completed, cancelled, retried, lost, duplicates; last the places of the heads of its four lists,
-- counted on with each job that leaves and back with each that returns, so that a job's place never changes.
local TYPE, NO_LIMIT = '>I5I4I5I4I5I5I4BBI6I5I4ddddI6I6I6I6I6I6I6I6I6I6', 1099511627775
local HEAD = 1099511627776
-- Index of a dead letter: type, redrives, died at, debt, where it stands (0 in the log, 1 owed to it, 2 only here).
local LETTER, LETTER_BYTES = '>I3I2I6I6B', 18
local NO_TYPE = 16777215
-- Children that are owed: lane and offset of their parent, its type, when it completed, its key; then what Rust wrote.
local CHILDREN, CHILDREN_BYTES = '>I2I6I3I6', 31
-- What a type may owe before it is taken no more: letters, and children by their bytes.
local OWED_MAX, OWED_BYTES = 1000, 4096
local function weight_of(bytes) return 1 + floor(bytes / OWED_BYTES) end
-- The latest moment that fits into a record's six bytes.
local MOMENT_MAX = 281474976710655
-- Offsets in one piece of a lane's bitmap.
local BLOCK = 65536
-- Pieces that a call with many arguments is cut into; Lua's own limit is about 8,000.
local PIECE = 3000
-- Tombstones that one call throws away, a millisecond or two of work; what is left waits for the next call.
local GHOSTS_MAX = 2000

-- The layout and the time. A core that is missing is begun: the shard is new, or was wiped.
local function begin()
  core = call('HMGET', P .. 'c', 'v', 'clk', 'turn', 'full', 'cap', 'roomat', 'dmax', 'share', 'mend')
  if core[1] ~= LAYOUT then
    if core[1] then error({ err = 'LAYOUT ' .. core[1] }) end
    call('HSET', P .. 'c', 'v', LAYOUT)
  end
  core.turn, core.dmax = tonumber(core[3] or 0), tonumber(core[7] or 10000)
  core.full, core.cap, core.share = core[4] == '1', tonumber(core[5] or 65536), tonumber(core[8] or 1)
  -- `clk` is a clock that tests turn by hand.
  now = tonumber(core[2] or nil)
  if not now then
    local t = call('TIME')
    now = t[1] * 1000 + floor(t[2] / 1000)
  end
end

-- How much memory there is: a quarter of maxmemory is reserved for everything but pushes, 2 KiB for a job in flight, of
-- which the shards on one server have each a share. A shard that is full stays so until memory has fallen by a twentieth of
-- maxmemory more, so that those who push pause and go on instead of trying for each job that ends. Gives what is used, and
-- maxmemory.
local function measure()
  local info = call('INFO', 'memory')
  local used = tonumber(string.match(info, 'used_memory:(%d+)'))
  local most = tonumber(string.match(info, 'maxmemory:(%d+)'))
  local was_full = core.full
  core.full, core.cap = false, 65536
  if most > 0 then
    local reserve = floor(most / 4)
    local mark = most - reserve
    if was_full then mark = mark - floor(most / 20) end
    core.full = used > mark
    core.cap = max(1, min(65536, floor(reserve / 2048 / core.share)))
  end
  call('HSET', P .. 'c', 'full', core.full and '1' or '0', 'cap', core.cap, 'roomat', fmt('%d', now))
  return used, most
end

-- Notes how many shards are on this server.
local function share_with(shards)
  if core.share == shards then return end
  core.share = shards
  call('HSET', P .. 'c', 'share', shards)
end

-- Measures before a call brings bytes, unless that was done just now and they are few.
local function measure_before(bytes)
  if bytes > 65536 or now - tonumber(core[6] or 0) >= 50 then measure() end
end

-- A call whose many arguments are cut into pieces; `step` of them belong together.
local function many(command, key, arguments, step)
  local size = PIECE - PIECE % (step or 1)
  for first = 1, #arguments, size do
    call(command, key, unpack(arguments, first, min(first + size - 1, #arguments)))
  end
end

-- Wakes up to `jobs` of the workers that wait. A waiter whose process is gone hears nothing, and the next is woken.
local function wake(jobs)
  while jobs > 0 do
    local waiter = call('SPOP', P .. 's')
    if not waiter then return end
    local client, worker = string.match(waiter, '^(%x+):(%x+)$')
    if call('PUBLISH', P .. '!' .. client, worker) > 0 then jobs = jobs - 1 end
  end
end

-- The types that this call has to do with, by number; those that changed are written by `finish`.
local types, dirty = {}, {}
local function load_types(numbers)
  for begins = 1, #numbers, PIECE do
    local ends = min(begins + PIECE - 1, #numbers)
    local records = call('HMGET', P .. 't', unpack(numbers, begins, ends))
    for at = begins, ends do
      local no, record = tonumber(numbers[at]), records[at - begins + 1]
      if not types[no] then
        local t = { fresh = 0 }
        if record then
          t.pend, t.ghost, t.sched, t.infl, t.dead, t.kept, t.owed, t.place, t.paused, t.rev, t.conc, t.rb, t.ri, t.tat, t.stride, t.turn, t.acc, t.comp, t.canc, t.retr, t.lost, t.dupl, t.h0, t.h1, t.h2, t.h3 =
            unpack_(TYPE, record)
        else
          t.pend, t.ghost, t.sched, t.infl, t.dead, t.kept, t.owed, t.place, t.paused, t.rev, t.conc, t.rb, t.ri, t.tat, t.stride, t.turn, t.acc, t.comp, t.canc, t.retr, t.lost, t.dupl, t.h0, t.h1, t.h2, t.h3 =
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NO_LIMIT, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, HEAD, HEAD, HEAD, HEAD
        end
        t.is_litter = t.ghost > 0 and t.pend == 0
        types[no] = t
      end
    end
  end
end
local function type_of(no)
  if not types[no] then load_types({ no }) end
  return types[no]
end
local function touch(no)
  local t = type_of(no)
  dirty[no] = t
  return t
end
local function add(no, field, by)
  local t = dirty[no] or touch(no)
  t[field] = t[field] + by
end

-- How many jobs of a type could be taken, but for its rate.
local function room_of(t)
  if t.paused == 1 or t.kept >= core.dmax or t.owed >= OWED_MAX then return 0 end
  return min(t.pend, t.conc - t.infl)
end

-- Writes the types that changed, and puts each where its numbers say it belongs: into `y` when it can be taken, into `h`
-- when its rate holds it back, else nowhere; and into `g` when nothing but tombstones is left in its lists, for no take
-- comes to those. Answers how many jobs became takeable.
local function finish()
  local records, taken_up, held, not_y, not_h, opened = {}, {}, {}, {}, {}, 0
  for no, t in pairs(dirty) do
    local room, place = room_of(t), 0
    local is_litter = t.ghost > 0 and t.pend == 0
    if is_litter ~= t.is_litter then
      if is_litter then call('ZADD', P .. 'g', 0, no) else call('ZREM', P .. 'g', no) end
      t.is_litter = is_litter
    end
    if room > 0 then
      place = 1
      if t.ri > 0 then
        local due = max(t.tat, now - t.rb * t.ri) + t.ri
        if due > now + 0.000001 then
          place = 2
          held[#held + 1], held[#held + 2] = fmt('%.6f', due), no
        end
      end
    end
    if place == 1 then
      if t.place ~= 1 then
        t.turn = max(t.turn, core.turn)
        opened = opened + room
      else
        opened = opened + min(room, t.fresh)
      end
      if t.place ~= 1 or t.moved then taken_up[#taken_up + 1], taken_up[#taken_up + 2] = fmt('%.17g', t.turn), no end
    elseif t.place == 1 then
      not_y[#not_y + 1] = no
    end
    if t.place == 2 and place ~= 2 then not_h[#not_h + 1] = no end
    t.place, t.fresh, t.moved = place, 0, nil
    records[#records + 1] = no
    records[#records + 1] =
      pack(TYPE, t.pend, t.ghost, t.sched, t.infl, t.dead, t.kept, t.owed, t.place, t.paused, t.rev, t.conc, t.rb, t.ri, t.tat, t.stride, t.turn, t.acc, t.comp, t.canc, t.retr, t.lost, t.dupl, t.h0, t.h1, t.h2, t.h3)
  end
  many('HSET', P .. 't', records, 2)
  many('ZADD', P .. 'y', taken_up, 2)
  many('ZADD', P .. 'h', held, 2)
  many('ZREM', P .. 'y', not_y)
  many('ZREM', P .. 'h', not_h)
  dirty = {}
  return opened
end

-- The numbers of types by their names, without those that have none yet.
local function find_numbers(names)
  local numbers, known = {}, {}
  for begins = 1, #names, PIECE do
    local ends = min(begins + PIECE - 1, #names)
    local found = call('HMGET', P .. 'tn', unpack(names, begins, ends))
    for at = begins, ends do
      local no = tonumber(found[at - begins + 1] or nil)
      numbers[at] = no
      known[#known + 1] = no
    end
  end
  load_types(known)
  return numbers
end
-- Gives numbers to those that have none.
local function make_numbers(names, numbers)
  local made = {}
  for at, name in ipairs(names) do
    if not numbers[at] then
      local no = call('HINCRBY', P .. 'c', 'types', 1) - 1
      call('HSET', P .. 'tn', name, no)
      call('HSET', P .. 'ti', no, name)
      numbers[at], made[#made + 1] = no, no
    end
  end
  load_types(made)
  return numbers
end
local function numbers_of(names) return make_numbers(names, find_numbers(names)) end
local function name_of(no) return call('HGET', P .. 'ti', no) end

local function text(s) return pack('>I4', #s) .. s end
local function list_of(no, priority) return P .. 'p:' .. no .. ':' .. priority end

-- In how many lists of any type a job stands. Cost: O(pending); only for the check of tombstones.
local function listed(key)
  local found = 0
  for no = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1 do
    for priority = 0, 3 do found = found + #call('LPOS', list_of(no, priority), key, 'COUNT', 0) end
  end
  return found
end


-- Keeps what became of a job, unless memory is short. `last` is what is known of its last attempt.
local function result_of(state, attempts, no, generation, accepted, ends, last, output)
  return pack('>BI2I3I2I6I6I6', state, attempts, no, generation, accepted, now, ends) .. text(last) .. output
end
local RESULTS_MAX = 100000
local function keep_results(values, ends)
  if #values == 0 then return end
  many('HSET', P .. 'r', values, 2)
  many('ZADD', P .. 'ru', ends, 2)
  local over = call('ZCARD', P .. 'ru') - RESULTS_MAX
  if over > 0 then
    local oldest = call('ZPOPMIN', P .. 'ru', over)
    local keys = {}
    for at = 1, #oldest, 2 do keys[#keys + 1] = oldest[at] end
    many('HDEL', P .. 'r', keys)
  end
end

-- A mark against repeats: until when it holds, and with how many redrives the job ended.
local function mark_of(window, redrives) return fmt('%d', (now + window) * 1024 + min(redrives, 1023)) end

-- Jobs on their way to pending: { [no] = { [priority] = { key, … } } }; then into the lists, at the front or at the back.
local function note(by_type, no, priority, key)
  local priorities = by_type[no]
  if not priorities then
    priorities = {}
    by_type[no] = priorities
  end
  local keys = priorities[priority]
  if not keys then
    keys = {}
    priorities[priority] = keys
  end
  keys[#keys + 1] = key
  add(no, 'pend', 1)
  add(no, 'fresh', 1)
end
local function return_to_pending(side, by_type)
  for no, priorities in pairs(by_type) do
    for priority, keys in pairs(priorities) do
      many(side, list_of(no, priority), keys)
      if side == 'LPUSH' then add(no, 'h' .. priority, -#keys) end
    end
  end
end

-- Returns to the front jobs whose lease ran out; they are suspects from now on. At most `most`; how many.
local function expire(most)
  local keys = call('ZRANGEBYSCORE', P .. 'l', '-inf', fmt('%d', now), 'LIMIT', 0, min(most, PIECE))
  if #keys == 0 then return 0 end
  local claims = call('HMGET', P .. 'f', unpack(keys))
  call('ZREM', P .. 'l', unpack(keys))
  call('HDEL', P .. 'f', unpack(keys))
  local back, tried = {}, {}
  -- Backwards: each goes before the others, so the oldest is first in the end.
  for at = #keys, 1, -1 do
    if claims[at] then
      local attempts, no, _, _, priority = unpack_(CLAIM, claims[at], 9)
      tried[#tried + 1], tried[#tried + 2] = keys[at], pack(TRIED, attempts, 1, no, priority) .. string.sub(claims[at], CLAIM_BYTES + 1)
      note(back, no, priority, keys[at])
      add(no, 'infl', -1)
      add(no, 'lost', 1)
    end
  end
  many('HSET', P .. 'a', tried, 2)
  return_to_pending('LPUSH', back)
  return #keys
end

-- Returns to the back jobs that fell due. At most `most`; how many.
local function fall_due(most)
  local keys = call('ZRANGEBYSCORE', P .. 'z', '-inf', fmt('%d', now), 'LIMIT', 0, min(most, PIECE))
  if #keys == 0 then return 0 end
  local tried = call('HMGET', P .. 'a', unpack(keys))
  call('ZREM', P .. 'z', unpack(keys))
  local back = {}
  for at, key in ipairs(keys) do
    -- One without is what a torn file left, and is mended.
    if tried[at] then
      local _, _, no, priority = unpack_(TRIED, tried[at])
      note(back, no, priority, key)
      add(no, 'sched', -1)
    end
  end
  return_to_pending('RPUSH', back)
  return #keys
end

-- Throws away tombstones of types that have nothing else in their lists. At most `GHOSTS_MAX`; how many.
local function clear_litter()
  local left = GHOSTS_MAX
  for _, no in ipairs(call('ZRANGE', P .. 'g', 0, 15)) do
    no = tonumber(no)
    -- This very call may have brought jobs back, which stand among them then.
    while left > 0 and type_of(no).pend == 0 do
      local popped = call('LMPOP', 4, list_of(no, 3), list_of(no, 2), list_of(no, 1), list_of(no, 0), 'LEFT', 'COUNT', left)
      if not popped then break end
      local ghosts = popped[2]
      many('HDEL', P .. 'j', ghosts)
      add(no, 'h' .. string.sub(popped[1], -1), #ghosts)
      add(no, 'ghost', -#ghosts)
      left = left - #ghosts
    end
    if left == 0 then break end
  end
  return GHOSTS_MAX - left
end

-- Lets in types whose rate allows a job again.
local function unhold()
  local held = call('ZRANGEBYSCORE', P .. 'h', '-inf', fmt('%.6f', now + 0.000001), 'LIMIT', 0, 1000)
  load_types(held)
  for _, no in ipairs(held) do touch(tonumber(no)) end
end

-- How many dead letters a type may keep where no log takes them. Cost: O(types) when that changes.
local function keep_dead(most)
  if core.dmax == most then return end
  core.dmax = most
  call('HSET', P .. 'c', 'dmax', most)
  for no = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1 do touch(no) end
end

-- In how many milliseconds something falls due or may start by itself; -1: not soon.
local function next_moment()
  local soonest = -1
  for _, key in ipairs({ P .. 'h', P .. 'z' }) do
    local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if head[2] then
      local ms = max(0, math.ceil(head[2] - now))
      if ms < 60000 and (soonest < 0 or ms < soonest) then soonest = ms end
    end
  end
  return soonest
end
