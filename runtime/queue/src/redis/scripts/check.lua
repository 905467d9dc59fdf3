#!lua flags=allow-oom
-- Check: compares every count with what it counts, in one moment. That each job is in exactly one place is looked at by
-- Rust, page by page; with keys, this says of each where it is.
--
-- KEYS  core
-- ARGV  two per job whose places are in doubt: key, TYPE:PRIORITY of the list where it was seen, or ''; without any, the
--       counts are compared
-- Gives sentences; with jobs, one per job that is in no place or in several
-- Cost  O(types + lanes + debts of children + bytes of bits of parked jobs); with jobs O(jobs · pending jobs of their types), of tombstones that
--       were seen in no list O(pending)
begin()
local faults = {}
local function fault(...) if #faults < 100 then faults[#faults + 1] = fmt(...) end end
local last = tonumber(call('HGET', P .. 'c', 'types') or 0) - 1
local function hex(s) return (string.gsub(s, '.', function(c) return fmt('%02x', string.byte(c)) end)) end
if #ARGV > 0 then
  for at = 1, #ARGV, 2 do
    local key, seen = ARGV[at], ARGV[at + 1]
    local record = call('HGET', P .. 'j', key)
    local places, lists = {}, {}
    if seen ~= '' then lists[P .. 'p:' .. seen] = true end
    -- A tombstone does not know its type, and what has no record is looked for only where it was seen.
    if record and record ~= '' then
      local no = unpack_(HEADER, record)
      for priority = 0, 3 do lists[list_of(no, priority)] = true end
    end
    if record == '' and seen == '' then
      for _ = 1, listed(key) do places[#places + 1] = 'pending' end
    end
    for list in pairs(lists) do
      for _ in ipairs(call('LPOS', list, key, 'COUNT', 0)) do places[#places + 1] = 'pending' end
    end
    if call('HEXISTS', P .. 'f', key) == 1 then places[#places + 1] = 'in flight' end
    if call('ZSCORE', P .. 'z', key) then places[#places + 1] = 'scheduled' end
    local leased = call('ZSCORE', P .. 'l', key) and 1 or 0
    if call('HEXISTS', P .. 'f', key) ~= leased then fault('job %s has a claim without a lease, or a lease without a claim', hex(key)) end
    if #places > 1 then fault('job %s is in several places: %s', hex(key), table.concat(places, ', ')) end
    if not record and #places > 0 then fault('job %s is %s, and its record is missing', hex(key), places[1]) end
    if record and #places == 0 then fault('job %s has a record and is in no place', hex(key)) end
    if record == '' and places[1] and places[1] ~= 'pending' then fault('the tombstone of job %s is %s', hex(key), places[1]) end
  end
  return faults
end
local live, infl, sched, owed = 0, 0, 0, 0
for no = 0, last do
  local t, name = type_of(no), name_of(no)
  local listed = 0
  for priority = 0, 3 do listed = listed + call('LLEN', list_of(no, priority)) end
  if listed ~= t.pend + t.ghost then
    fault('type %s counts %d pending jobs and %d tombstones, and lists %d', name, t.pend, t.ghost, listed)
  end
  local letters = call('ZCARD', P .. 'dx:' .. no)
  if letters ~= t.dead then fault('type %s counts %d dead letters and lists %d', name, t.dead, letters) end
  if (t.ghost > 0 and t.pend == 0) ~= (call('ZSCORE', P .. 'g', no) and true or false) then
    fault('type %s has %d tombstones and %d pending jobs, and is wrongly said to have tombstones only, or not', name, t.ghost, t.pend)
  end
  live, sched, infl, owed = live + listed, sched + t.sched, infl + t.infl, owed + t.owed
  local place = call('ZSCORE', P .. 'y', no) and 1 or call('ZSCORE', P .. 'h', no) and 2 or 0
  if place ~= t.place then fault('type %s is in place %d and says %d', name, place, t.place) end
  if (room_of(t) > 0) ~= (place > 0) then
    fault('type %s has room for %d jobs and is in place %d', name, room_of(t), place)
  end
end
local function same(what, a, b) if a ~= b then fault('%s: %d and %d', what, a, b) end end
same('claims and types in flight', call('HLEN', P .. 'f'), infl)
same('claims and leases', call('HLEN', P .. 'f'), call('ZCARD', P .. 'l'))
same('scheduled jobs and types scheduled', call('ZCARD', P .. 'z'), sched)
same('records and places', call('HLEN', P .. 'j'), live + infl + sched)
same('results and their ends', call('HLEN', P .. 'r'), call('ZCARD', P .. 'ru'))
same('letters and their index', call('HLEN', P .. 'd'), call('HLEN', P .. 'di'))
same('letters and their order', call('HLEN', P .. 'd'), call('ZCARD', P .. 'dx'))
local weight = call('HLEN', P .. 'od')
local function each(key, look)
  local cursor = '0'
  repeat
    local page = call('HSCAN', key, cursor, 'COUNT', 100)
    cursor = page[1]
    for at = 1, #page[2], 2 do look(page[2][at], page[2][at + 1]) end
  until cursor == '0'
end
each(P .. 'oc', function(debt, value)
  local lane, offset = unpack_(CHILDREN, value)
  weight = weight + weight_of(#value)
  if not call('ZSCORE', P .. 'o', debt) then fault('debt %s of children is in no order', debt) end
  -- While a lane drops what the log knows to be settled, debts are still to be dropped.
  local l = lane > 0 and call('HMGET', P .. 'n:' .. lane, 'floor', 'drop')
  if l and l[2] ~= '1' then
    if offset < tonumber(l[1]) or has_bit(lane, offset) then fault('debt %s of children is for offset %d of lane %d, which is settled', debt, offset, lane) end
    local key = string.sub(value, CHILDREN_BYTES - 13, CHILDREN_BYTES)
    local record = call('HGET', P .. 'j', key)
    if record and record ~= '' then
      local _, at, _, _, _, _, _, stands = unpack_(HEADER, record)
      if at == lane and stands == offset then fault('job %s is alive, and owes the children of its completion', hex(key)) end
    end
  end
end)
same('debts and their order', call('HLEN', P .. 'od') + call('HLEN', P .. 'oc'), call('ZCARD', P .. 'o'))
same('debts and types in debt', weight, owed)
check_lanes(fault)
return faults
