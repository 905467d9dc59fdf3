#!lua
-- Push: entries of a lane, applied at the offset that is wanted or not at all; or, without a lane, jobs that stand in no
-- log. Without allow-oom: Redis refuses it whole at maxmemory, before it runs; it refuses itself a quarter earlier.
-- A push of plain jobs alone comes here only when they are owed, or when plain.lua has found something in their way, or is likely to.
--
-- KEYS  core
-- ARGV  lane's name or '' · from, or without a lane 1 for children that are owed, for which there is always room · to · the last record passed, 14 bytes, or '' · number of types · for each type: name,
--       max_pending or '' · four per entry:
--       j type[:due] key record | k meta key record | p type offset '' | e name of type, origin's offset, origin's lane |
--       c key name of type, offset | d letter meta value | u letter redrives ''
--       meta of a copy: type, origin's offset, attempts, due (0: not), origin's lane when that is another one
-- Gives {applied, a letter per entry: n new, d duplicate, o over max_pending, - no job} | {over, two per type: type, how many
--       of its new jobs may come} | {early, offset} | {wants, offset} | {unknown} | {full}
-- Cost  O(entries), and O(pending of its type) for a job that comes again while its tombstone stands. What an entry is to do
--       with parked jobs and inherited offsets is asked for only where a copy or a parked job comes, or is out. Guarantee: all is
--       decided before the first write; all or nothing.
begin()
local name, from, to, passed, types_named = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local first = 6 + 2 * types_named
local lane, wanted, top, tracked, parking = 0, nil, 0, false, 0
if name ~= '' then
  lane = tonumber(call('HGET', P .. 'n', name) or nil)
  if not lane then return { 'unknown' } end
  local l = call('HMGET', P .. 'n:' .. lane, 'want', 'top', 'untracked', 'parking')
  wanted, top, tracked, parking = tonumber(l[1]), tonumber(l[2] or 0), not l[3], tonumber(l[4] or 0)
  if wanted ~= from then return { 'wants', wanted } end
end
-- Lanes as far as copies ask for them, by number, and the numbers of their names.
local lanes, lane_numbers = {}, {}
local function lane_of(no)
  if not lanes[no] then
    local l = call('HMGET', P .. 'n:' .. no, 'want', 'begun', 'ended', 'left', 'before')
    lanes[no] = { want = tonumber(l[1]), begun = tonumber(l[2] or 0), ended = tonumber(l[3] or 0), is_left = l[4] == '1', before = tonumber(l[5] or nil) }
  end
  return lanes[no]
end
local function is_inherited(no, offset)
  local l = lane_of(no)
  local inherited = offset < l.begun or (offset < l.ended and has_bit(no, offset, 'i'))
  return inherited and not has_bit(no, offset, 'u')
end
local function number_of_lane(of)
  if lane_numbers[of] == nil then lane_numbers[of] = tonumber(call('HGET', P .. 'n', of) or nil) or false end
  return lane_numbers[of]
end
-- Where the job of a copy was parked, or is inherited: the lane that the name of its origin means, or one that it meant before it was
-- adopted; nil when in none. `is_there` says whether it is out in a lane.
local function home_of_copy(no, origin, is_there)
  while no do
    if is_there(no) or is_inherited(no, origin) then return no end
    no = lane_of(no).before
  end
end
local COPY, COPY_BYTES = '>I3I6I2I6', 17
local jobs, bytes, keys = 0, 0, {}
for at = first, #ARGV, 4 do
  local kind = ARGV[at]
  local other = kind == 'k' and string.sub(ARGV[at + 1], COPY_BYTES + 1) or ''
  if other ~= '' then
    local of, origin = unpack_(COPY, ARGV[at + 1])
    local no = number_of_lane(other)
    if not no or lane_of(no).want <= origin then
      local before = no and lane_of(no).before
      -- Nothing of a type without a number is parked here; but it may be inherited.
      local known = before and tonumber(call('HGET', P .. 'tn', ARGV[4 + 2 * of]) or nil)
      local function is_there(older) return known and is_parked(older, known, origin) end
      if not before or not home_of_copy(before, origin, is_there) then
        return { 'early', fmt('%d', (unpack_('>I6', ARGV[at + 3], 16))) }
      end
    end
  end
  if kind == 'j' or kind == 'k' then keys[#keys + 1] = ARGV[at + 2] end
  -- A redrive takes the place of its letter, and a child that is owed that of its debt, which have their size: they need no
  -- room. A letter from the log does.
  local is_redrive = lane == 0 and kind == 'j' and (from == 1 or unpack_('>I2', ARGV[at + 3], 4) > 0)
  if (kind == 'j' and not is_redrive) or kind == 'k' or kind == 'd' then jobs, bytes = jobs + 1, bytes + #ARGV[at + 3] end
end
if jobs > 0 then
  measure_before(bytes)
  if core.full then return { 'full' } end
end

local names, most = {}, {}
for of = 1, types_named do names[of], most[of] = ARGV[4 + 2 * of], tonumber(ARGV[5 + 2 * of]) end
local numbers = find_numbers(names)

-- What is known of the jobs, asked for all at once, and then of what the entries decided so far make of it.
local live, ghosts, marks, letters, index = {}, {}, {}, {}, {}
-- And what was known of them before the push: room is judged by that, so what a push cancels makes none in it.
local before_push = {}
local has_letters = call('EXISTS', P .. 'dk') == 1
local has_marks = call('EXISTS', P .. 'm') == 1
local function home_of(record)
  local _, at, _, _, _, _, _, offset = unpack_(HEADER, record)
  return { lane = at, offset = offset, record = record }
end
for begins = 1, #keys, PIECE do
  local ends = min(begins + PIECE - 1, #keys)
  local found = call('HMGET', P .. 'j', unpack(keys, begins, ends))
  local marked = has_marks and call('ZMSCORE', P .. 'm', unpack(keys, begins, ends))
  local dead = has_letters and call('HMGET', P .. 'dk', unpack(keys, begins, ends))
  for at = begins, ends do
    local key, value = keys[at], found[at - begins + 1]
    if value == '' then ghosts[key] = true elseif value then live[key] = home_of(value) end
    marks[key] = marked and tonumber(marked[at - begins + 1] or nil)
    letters[key] = dead and dead[at - begins + 1]
    before_push[key] = { live = live[key], mark = marks[key], letter = letters[key] }
  end
end
local found_letters = {}
local function found_letter(letter)
  if found_letters[letter] == nil then
    local found = call('HGET', P .. 'di', letter)
    found_letters[letter] = found and { unpack_(LETTER, found) } or false
    if found then found_letters[letter].key = string.sub(found, LETTER_BYTES + 1) end
  end
  return found_letters[letter]
end
local function letter_of(letter)
  if index[letter] == nil then return found_letter(letter) end
  return index[letter]
end
-- Whether what becomes of a live job settles nothing that the log is told of: it stands in no log, or in a lane that was left.
local function is_homeless(job) return job.lane == 0 or (job.lane ~= lane and lane_of(job.lane).is_left) end
local function fate_by(job, letter, mark, redrives)
  if job then return lane > 0 and is_homeless(job) and 'a' or 'd' end
  if letter then
    -- What stands in no log cannot take the place of a letter that the log is owed.
    if lane == 0 and letter[4] > 0 then return 'd' end
    return redrives > letter[2] and 'r' or 'd'
  end
  if mark and floor(mark / 1024) > now and redrives <= mark % 1024 then return 'd' end
  return 'n'
end
local function fate(key, redrives)
  return fate_by(live[key], letters[key] and letter_of(letters[key]), marks[key], redrives)
end
local function is_repeat(key, redrives)
  local b = before_push[key]
  if b.is_brought then return true end
  local judged = fate_by(b.live, b.letter and found_letter(b.letter), b.mark, redrives)
  return judged == 'd' or judged == 'a'
end

-- A type without a number gets one when the push is applied; until then it is known by its place.
local function type_at(of) return numbers[of] or -of end
-- Parked jobs by lane and type: how many are out, what changes of that, and which of them only an `e` of this push ended.
local sets = { [lane] = {} }
local function known_set(out) return { out = out, was = out, news = {}, ended = {} } end
if parking > 0 then
  local asked = {}
  for of = 1, types_named do asked[#asked + 1] = numbers[of] end
  for begins = 1, #asked, PIECE do
    local ends = min(begins + PIECE - 1, #asked)
    local found = call('HMGET', P .. 'q:' .. lane, unpack(asked, begins, ends))
    for at = begins, ends do sets[lane][asked[at]] = known_set(tonumber(found[at - begins + 1] or 0)) end
  end
end
local function set_of(no, at)
  sets[no] = sets[no] or {}
  if not sets[no][at] then
    local is_asked = at >= 0 and (no ~= lane or parking > 0)
    sets[no][at] = known_set(is_asked and tonumber(call('HGET', P .. 'q:' .. no, at) or 0) or 0)
  end
  return sets[no][at]
end
local function is_out(no, at, offset)
  local set = set_of(no, at)
  if set.news[offset] ~= nil then return set.news[offset] end
  return set.was > 0 and is_parked(no, at, offset)
end
-- Whether it changed anything.
local function put_out(no, at, offset, out)
  if is_out(no, at, offset) == out then return false end
  local set = sets[no][at]
  -- What changes twice is as it was.
  if set.news[offset] == nil then set.news[offset] = out else set.news[offset] = nil end
  set.out = set.out + (out and 1 or -1)
  return true
end
-- A type by its name, which the push may not have listed: its number, or its place in the push, or false.
local numbers_by_name = {}
local function type_by_name(of)
  if numbers_by_name[of] == nil then
    numbers_by_name[of] = tonumber(call('HGET', P .. 'tn', of) or nil) or false
    for place, listed in ipairs(names) do
      if listed == of then numbers_by_name[of] = type_at(place) end
    end
  end
  return numbers_by_name[of]
end

-- Of each type, by its place in the push: how many of its jobs came so far, and how many of them were new; and, once there is
-- no room for one, how many came before.
local seen, brought, over, is_over = {}, {}, {}, false
local function bring(of, key)
  before_push[key].is_brought = true
  brought[of] = (brought[of] or 0) + 1
end
local function has_room(of, must_wait)
  local no = numbers[of]
  local waiting = (no and types[no].pend + types[no].sched or 0) + (brought[of] or 0)
  return not must_wait and not (most[of] and waiting >= most[of])
end
-- A job, or a copy of a parked one, that comes if there is room. Redrives always do.
local function come(of, key, redrives, may_come, must_wait)
  local is_new, came_before = may_come and not is_repeat(key, redrives), seen[of] or 0
  if redrives == 0 then seen[of] = came_before + 1 end
  if is_new and redrives == 0 and not has_room(of, must_wait) then
    over[of], is_over = over[of] or came_before, true
  elseif is_new then
    bring(of, key)
  end
end

-- The wish to cancel a parked job, as the offset where it was said, or nil.
local has_wishes = {}
local function wish_of(no, at, key)
  local of = at >= 0 and unwanted_key(no, at)
  if of and has_wishes[of] == nil then has_wishes[of] = call('EXISTS', of) == 1 end
  return of and has_wishes[of] and tonumber(call('HGET', of, key) or nil)
end
-- What a cancellation leaves behind of a live job.
local function end_live(key, job)
  local flags, redrives, window = job.flags, job.redrives, job.window
  if job.record then
    local _
    _, _, flags, _, redrives, window = unpack_(HEADER, job.record)
  end
  if window > 0 and flags >= 4 then marks[key] = tonumber(mark_of(window, redrives)) end
  live[key] = false
end

-- Decides, entry by entry, without a write.
local codes, plans = {}, {}
for at = first, #ARGV, 4 do
  local kind, code, plan = ARGV[at], '-', {}
  if kind == 'j' or kind == 'k' then
    local key, record = ARGV[at + 2], ARGV[at + 3]
    local flags, _, redrives, window, _, offset = unpack_('>BI2I2I4I6I6', record)
    local of = kind == 'j' and tonumber(ARGV[at + 1]) or nil
    if kind == 'k' then
      of = unpack_('>I3', ARGV[at + 1])
    elseif not of then
      of, plan.due = string.match(ARGV[at + 1], '^(%d+):(%d+)$')
      of, plan.due, plan.attempts = tonumber(of), min(tonumber(plan.due), MOMENT_MAX), 0
    end
    local may_come, is_settled = true, offset < top and has_bit(lane, offset)
    plan.of, plan.offset, plan.priority = of, offset, flags % 4
    if kind == 'k' then
      local _, origin, attempts, due = unpack_(COPY, ARGV[at + 1])
      local other = string.sub(ARGV[at + 1], COPY_BYTES + 1)
      plan.attempts, plan.due = attempts, due
      if other ~= '' then
        local at_type, named = type_at(of), number_of_lane(other)
        local function is_there(older) return is_out(older, at_type, origin) end
        local no = home_of_copy(named, origin, is_there) or named
        local is_back, inherited = put_out(no, at_type, origin, false), is_inherited(no, origin)
        local ended = sets[no][at_type].ended
        local wish = is_back and wish_of(no, at_type, key)
        plan.cancelled = wish and origin < wish
        may_come = is_back or inherited
        if inherited and not is_back and not is_settled then plan.uses = { no, origin } end
        -- Room is judged by what was out before the push: one that it also ends may only be refused room in vain.
        come(of, key, redrives, (may_come or ended[origin]) and not is_settled, false)
        ended[origin] = nil
      elseif live[key] and live[key].lane == lane and live[key].offset == origin then
        code, plan.origin = 'm', origin
      else
        local no = home_of_copy(lane, origin, function() return false end)
        may_come = no ~= nil
        if may_come and not is_settled then plan.uses = { no, origin } end
        if may_come and not is_settled and not is_repeat(key, redrives) then bring(of, key) end
      end
      -- One that is alive without a log gets a place in it.
      may_come = may_come or live[key]
    elseif lane > 0 then
      come(of, key, redrives, not is_settled, set_of(lane, type_at(of)).out > 0)
    end
    if is_settled or not may_come then
      code = 'd'
    elseif code == '-' then
      code = fate(key, redrives)
    end
    -- A push of which a torn file kept half comes again: its job lives at this very offset, which is not settled by that.
    plan.is_here = code == 'd' and live[key] and live[key].lane == lane and live[key].offset == offset
    if lane == 0 and (code == 'n' or code == 'r') then
      if redrives > 0 or has_room(of) then bring(of, key) else code = 'o' end
    end
    if code == 'r' then
      plan.letter = letters[key]
      index[letters[key]], letters[key] = false, nil
    end
    if code ~= 'd' and code ~= 'o' then
      local before = live[key]
      live[key] = { lane = lane, offset = offset, flags = flags, window = window, redrives = redrives }
      -- One that moves keeps its record.
      if before and (code == 'm' or code == 'a') then
        before.lane, before.offset = lane, offset
        live[key] = before
      end
      plan.cancelled = plan.cancelled and not before
      if plan.cancelled then end_live(key, live[key]) end
    end
  elseif kind == 'p' then
    put_out(lane, type_at(tonumber(ARGV[at + 1])), tonumber(ARGV[at + 2]), true)
  elseif kind == 'e' then
    local origin, named = tonumber(ARGV[at + 2]), number_of_lane(ARGV[at + 3])
    local at_type = type_by_name(ARGV[at + 1])
    local function is_there(older) return is_out(older, at_type, origin) end
    local no = named and at_type and home_of_copy(named, origin, is_there)
    if no and put_out(no, at_type, origin, false) then sets[no][at_type].ended[origin] = true end
  elseif kind == 'c' then
    local key = ARGV[at + 1]
    local job = live[key]
    if job == nil then
      local value = call('HGET', P .. 'j', key)
      job = value and value ~= '' and home_of(value)
    end
    if job then
      end_live(key, job)
    elseif lane > 0 then
      -- It may be one of the parked jobs of its type, if any is out: then its copy is not run when it comes.
      local at_type = type_by_name(ARGV[at + 2])
      if at_type and set_of(lane, at_type).out > 0 then plan.unwanted = at_type end
    end
  elseif kind == 'd' then
    local letter = ARGV[at + 1]
    local _, redrives, died = unpack_('>I3I2I6', ARGV[at + 2])
    local key = string.sub(ARGV[at + 2], 12)
    plan.shown = true
    if key ~= '' then
      local value = live[key] == nil and call('HGET', P .. 'j', key)
      local mark = marks[key] or tonumber(call('ZSCORE', P .. 'm', key) or nil)
      if live[key] or (value and value ~= '') then plan.shown = false end
      if mark and floor(mark / 1024) > now and mark % 1024 > redrives then plan.shown = false end
    end
    local before = letter_of(letter)
    -- What this shard buried itself it knows better: it has logs, and perhaps a debt.
    if before and (before[4] > 0 or (before[2] == redrives and before[3] == died)) then plan.shown = false end
    if plan.shown then
      index[letter] = { 0, redrives, died, 0, 0, key = key }
      if key ~= '' then letters[key] = letter end
    end
  elseif kind == 'u' then
    local before = letter_of(ARGV[at + 1])
    -- One of a later death is not meant.
    if before and before[4] == 0 and before[2] <= tonumber(ARGV[at + 2]) then
      plan.gone = true
      letters[before.key], index[ARGV[at + 1]] = nil, false
    end
  end
  codes[#codes + 1], plans[#plans + 1] = code, plan
end
if is_over then
  local answer = { 'over' }
  for of, room in pairs(over) do answer[#answer + 1], answer[#answer + 2] = of, room end
  return answer
end

-- Does what was decided.
make_numbers(names, numbers)
local new, lists, tried, due, kept, redriven = {}, {}, {}, {}, {}, {}
-- Writes what was collected so far, before an entry that must see it.
local function flush()
  many('HSET', P .. 'j', new, 2)
  many('HSET', P .. 'a', tried, 2)
  many('ZADD', P .. 'z', due, 2)
  return_to_pending('RPUSH', lists)
  -- Letters go when their jobs are there: torn off in between, both would be forgotten.
  for _, letter in ipairs(redriven) do drop_letter(letter) end
  new, lists, tried, due, redriven = {}, {}, {}, {}, {}
end
-- A tombstone whose job comes again gets a name of its own: the job's place is behind those that came before it, and perhaps
-- in the list of another priority.
local function rename_ghost(no, key)
  for priority = 0, 3 do
    local place = call('LPOS', list_of(no, priority), key)
    if place then
      local other = '~' .. fmt('%d', call('HINCRBY', P .. 'c', 'ghosts', 1))
      call('LSET', list_of(no, priority), place, other)
      call('HSET', P .. 'j', other, '')
      return
    end
  end
end
-- A live job's place in the log is here now: what becomes of it settles this offset.
local function move(key, offset)
  local record = call('HGET', P .. 'j', key)
  call('HSET', P .. 'j', key, string.sub(record, 1, 3) .. pack('>I2', lane) .. string.sub(record, 6, 20) .. pack('>I6', offset) .. string.sub(record, 27))
  local claim = call('HGET', P .. 'f', key)
  if claim then
    local attempts, no, _, _, priority = unpack_(CLAIM, claim, 9)
    call('HSET', P .. 'f', key, string.sub(claim, 1, 8) .. pack(CLAIM, attempts, no, lane, offset, priority) .. string.sub(claim, CLAIM_BYTES + 1))
  end
end
local function end_now(key)
  flush()
  local found = cancel(key)
  if found then ghosts[key] = call('HGET', P .. 'j', key) and true end
  return found
end
for entry, plan in ipairs(plans) do
  local at, code = first + 4 * (entry - 1), codes[entry]
  local kind, no = ARGV[at], plan.of and numbers[plan.of]
  if kind == 'j' or kind == 'k' then
    local key, record, priority = ARGV[at + 2], ARGV[at + 3], plan.priority
    if plan.uses then use_up(plan.uses[1], plan.uses[2]) end
    if plan.letter then redriven[#redriven + 1] = plan.letter end
    if code == 'n' or code == 'r' then
      codes[entry] = 'n'
      if ghosts[key] then
        rename_ghost(no, key)
        ghosts[key] = nil
      end
      new[#new + 1], new[#new + 2] = key, pack('>I3I2', no, lane) .. record
      local is_due = plan.due and plan.due > now
      if is_due or (plan.attempts or 0) > 0 then
        tried[#tried + 1], tried[#tried + 2] = key, pack(TRIED, plan.attempts, 0, no, priority)
      end
      if is_due then
        due[#due + 1], due[#due + 2] = fmt('%d', plan.due), key
        add(no, 'sched', 1)
      else
        note(lists, no, priority, key)
      end
      add(no, 'acc', 1)
    elseif code == 'd' then
      add(no, 'dupl', 1)
    elseif code == 'm' or code == 'a' then
      flush()
      -- First, as in letter.lua: a push that was torn off in between comes again, and moves the job then.
      if code == 'm' and tracked then mark_settled({ [lane] = { plan.origin } }) end
      move(key, plan.offset)
      -- One that had no log behind it is a duplicate of itself, and settles this offset when it is done.
      if code == 'a' then add(no, 'dupl', 1) end
      codes[entry] = code == 'a' and 'd' or 'n'
    end
    if code ~= 'd' or plan.is_here then kept[#kept + 1] = plan.offset end
    if plan.cancelled and codes[entry] == 'n' then end_now(key) end
  elseif kind == 'c' then
    local key = ARGV[at + 1]
    if not end_now(key) and plan.unwanted then
      call('HSET', unwanted_key(lane, plan.unwanted < 0 and numbers[-plan.unwanted] or plan.unwanted), key, ARGV[at + 3])
    end
  elseif plan.shown then
    flush()
    local of, redrives, died = unpack_('>I3I2I6', ARGV[at + 2])
    local key = string.sub(ARGV[at + 2], 12)
    put_letter(ARGV[at + 1], key, of == NO_TYPE and NO_TYPE or numbers[of], redrives, died, 0, 0, ARGV[at + 3])
  elseif plan.gone then
    flush()
    drop_letter(ARGV[at + 1])
  end
end
flush()
for no, by_type in pairs(sets) do
  -- Types have numbers now.
  for at, set in pairs(by_type) do
    if next(set.news) then write_parked(no, at < 0 and numbers[-at] or at, set.news) end
  end
end
if lane > 0 then
  if tracked then
    local at = from
    for _, offset in ipairs(kept) do
      mark_range(lane, at, offset)
      at = offset + 1
    end
    mark_range(lane, at, to)
  end
  if to > from and passed ~= '' then
    call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', to), 'passed', passed)
  else
    call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', to))
  end
end
wake(finish())
return { 'applied', table.concat(codes) }
