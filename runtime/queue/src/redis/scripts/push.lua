#!lua
-- Push: entries of a lane, applied at the offset that is wanted or not at all; or, without a lane, jobs that stand in no
-- log. Without allow-oom: Redis refuses it whole at maxmemory, before it runs; it refuses itself a quarter earlier.
--
-- KEYS  core
-- ARGV  lane's name or '' · from · to · number of types · for each type: name, max_pending or '' · four per entry:
--       j type key record | c key '' '' | d letter meta value | u letter '' ''
-- Gives {applied, a letter per entry: n new, d duplicate, o over max_pending, - no job} | {wants, offset} | {unknown} |
--       {full}
-- Cost  O(entries). Guarantee: validated before the first write; all or nothing.
begin()
local name, from, to, types_named = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local first = 5 + 2 * types_named
local lane, wanted, top, tracked = 0, nil, 0, false
if name ~= '' then
  lane = tonumber(call('HGET', P .. 'n', name) or nil)
  if not lane then return { 'unknown' } end
  local l = call('HMGET', P .. 'n:' .. lane, 'want', 'top', 'untracked')
  wanted, top, tracked = tonumber(l[1]), tonumber(l[2] or 0), not l[3]
  if wanted ~= from then return { 'wants', wanted } end
end
local jobs, bytes = 0, 0
for at = first, #ARGV, 4 do
  -- A redrive takes the place of its letter, which has its size: it needs no room. A letter from the log does.
  local is_redrive = lane == 0 and ARGV[at] == 'j' and unpack_('>I2', ARGV[at + 3], 4) > 0
  if (ARGV[at] == 'j' and not is_redrive) or ARGV[at] == 'd' then jobs, bytes = jobs + 1, bytes + #ARGV[at + 3] end
end
if jobs > 0 then
  measure_before(bytes)
  if core.full then return { 'full' } end
end

local names, most = {}, {}
for of = 1, types_named do names[of], most[of] = ARGV[3 + 2 * of], tonumber(ARGV[4 + 2 * of]) end
local numbers = numbers_of(names)

-- What is known of the jobs, asked for all at once.
local keys, known, marks, letters = {}, {}, {}, {}
for at = first, #ARGV, 4 do
  if ARGV[at] == 'j' then keys[#keys + 1] = ARGV[at + 2] end
end
local has_letters = call('EXISTS', P .. 'dk') == 1
local has_marks = call('EXISTS', P .. 'm') == 1
for begins = 1, #keys, PIECE do
  local ends = min(begins + PIECE - 1, #keys)
  local found = call('HMGET', P .. 'j', unpack(keys, begins, ends))
  local marked = has_marks and call('ZMSCORE', P .. 'm', unpack(keys, begins, ends))
  local dead = has_letters and call('HMGET', P .. 'dk', unpack(keys, begins, ends))
  for at = begins, ends do
    local key = keys[at]
    local value = found[at - begins + 1]
    known[key] = value and (value == '' and 'ghost' or 'live')
    marks[key] = marked and tonumber(marked[at - begins + 1] or nil)
    letters[key] = dead and dead[at - begins + 1]
  end
end

local new, lists, codes, live = {}, {}, {}, {}
-- Writes what was decided so far, before an entry that must see it.
local function flush()
  many('HSET', P .. 'j', new, 2)
  return_to_pending('RPUSH', lists)
  new, lists = {}, {}
end
local function fate(key, redrives)
  if known[key] == 'live' then return 'd' end
  local letter = letters[key]
  if letter then
    local index = call('HGET', P .. 'di', letter)
    if index then
      local _, before, _, debt = unpack_(LETTER, index)
      -- What stands in no log cannot take the place of a letter that the log is owed.
      if lane == 0 and debt > 0 then return 'd' end
      return redrives > before and 'r' or 'd'
    end
  end
  local mark = marks[key]
  if mark and floor(mark / 1024) > now and redrives <= mark % 1024 then return 'd' end
  return 'n'
end
for at = first, #ARGV, 4 do
  local kind, code = ARGV[at], '-'
  if kind == 'j' then
    local of, key, record = tonumber(ARGV[at + 1]), ARGV[at + 2], ARGV[at + 3]
    local flags, _, redrives, _, _, offset = unpack_('>BI2I2I4I6I6', record)
    local no, priority = numbers[of], flags % 4
    if offset < top and call('GETBIT', block_key(lane, floor(offset / BLOCK)), offset % BLOCK) == 1 then
      code = 'd'
    else
      code = fate(key, redrives)
    end
    if code ~= 'd' and most[of] and redrives == 0 and types[no].pend + types[no].sched >= most[of] then code = 'o' end
    if code == 'r' then
      drop_letter(letters[key])
      letters[key] = nil
      code = 'n'
    end
    if code == 'n' then
      new[#new + 1], new[#new + 2] = key, pack('>I3I2', no, lane) .. record
      if known[key] == 'ghost' then
        -- Its tombstone's entry in the list is its own again.
        add(no, 'ghost', -1)
        add(no, 'pend', 1)
        add(no, 'fresh', 1)
      else
        note(lists, no, priority, key)
      end
      known[key] = 'live'
      live[#live + 1] = offset
      add(no, 'acc', 1)
    elseif code == 'd' then
      add(no, 'dupl', 1)
    end
  elseif kind == 'c' then
    flush()
    local key = ARGV[at + 1]
    if cancel(key) and known[key] then
      local left = call('HGET', P .. 'j', key)
      known[key] = left and 'ghost' or nil
      marks[key] = tonumber(call('ZSCORE', P .. 'm', key) or nil)
    end
  elseif kind == 'd' then
    flush()
    local letter, meta = ARGV[at + 1], ARGV[at + 2]
    local of, redrives, died = unpack_('>I3I2I6', meta)
    local key = string.sub(meta, 12)
    local shown = true
    if key ~= '' then
      local value = call('HGET', P .. 'j', key)
      local mark = tonumber(call('ZSCORE', P .. 'm', key) or nil)
      if value and value ~= '' then shown = false end
      if mark and floor(mark / 1024) > now and mark % 1024 > redrives then shown = false end
    end
    local before = call('HGET', P .. 'di', letter)
    if before then
      local _, had, at_, debt = unpack_(LETTER, before)
      -- What this shard buried itself it knows better: it has logs, and perhaps a debt.
      if debt > 0 or (had == redrives and at_ == died) then shown = false end
    end
    if shown then
      put_letter(letter, key, of == NO_TYPE and NO_TYPE or numbers[of], redrives, died, 0, 0, ARGV[at + 3])
      if key ~= '' then letters[key] = letter end
    end
  elseif kind == 'u' then
    flush()
    local before = call('HGET', P .. 'di', ARGV[at + 1])
    if before then
      local no, _, _, debt = unpack_(LETTER, before)
      if debt == 0 then
        drop_letter(ARGV[at + 1])
        if #before > LETTER_BYTES then letters[string.sub(before, LETTER_BYTES + 1)] = nil end
      end
    end
  end
  codes[#codes + 1] = code
end
flush()
if lane > 0 then
  if tracked then
    local at = from
    for _, offset in ipairs(live) do
      mark_range(lane, at, offset)
      at = offset + 1
    end
    mark_range(lane, at, to)
  end
  call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', to))
end
wake(finish())
return { 'applied', table.concat(codes) }
