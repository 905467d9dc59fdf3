#!lua flags=allow-oom
-- Check: compares every count with what it counts, in one moment. That each job is in exactly one place is looked at by
-- Rust, page by page; with keys, this says of each where it is.
--
-- KEYS  core
-- ARGV  keys of jobs whose places are in doubt; without any, the counts are compared
-- Gives sentences; with keys, one per key that is in no place or in several
-- Cost  O(types); with keys O(keys · pending)
begin()
local faults = {}
local function fault(...) if #faults < 100 then faults[#faults + 1] = fmt(...) end end
local types = tonumber(call('HGET', P .. 'c', 'types') or 0)
local function hex(s) return (string.gsub(s, '.', function(c) return fmt('%02x', string.byte(c)) end)) end
if #ARGV > 0 then
  for _, key in ipairs(ARGV) do
    local record = call('HGET', P .. 'j', key)
    local places = {}
    for no = 0, types - 1 do
      for priority = 0, 3 do
        local found = call('LPOS', list_of(no, priority), key, 'COUNT', 0)
        for _ in ipairs(found) do places[#places + 1] = 'pending' end
      end
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
local live, infl, sched, dead, owed = 0, 0, 0, 0, 0
for no = 0, types - 1 do
  local t = call('HMGET', P .. 't:' .. no, 'n', 'pend', 'ghost', 'sched', 'infl', 'dead', 'owed', 'conc', 'paused', 'kept')
  local n = {}
  for field = 2, 7 do n[field] = tonumber(t[field] or 0) end
  local listed = 0
  for priority = 0, 3 do listed = listed + call('LLEN', list_of(no, priority)) end
  if listed ~= n[2] + n[3] then
    fault('type %s counts %d pending jobs and %d tombstones, and lists %d', t[1], n[2], n[3], listed)
  end
  if call('ZCARD', P .. 'dx:' .. no) ~= n[6] then fault('type %s counts %d dead letters and lists %d', t[1], n[6], call('ZCARD', P .. 'dx:' .. no)) end
  live, sched, infl, dead, owed = live + listed, sched + n[4], infl + n[5], dead + n[6], owed + n[7]
  local open = n[2] > 0 and t[9] ~= '1' and not (t[8] and n[5] >= tonumber(t[8])) and tonumber(t[10] or 0) < core.dmax and n[7] < OWED_MAX
  local ranked = (call('ZSCORE', P .. 'y', no) or call('ZSCORE', P .. 'h', no)) and true or false
  if open ~= ranked then fault('type %s can be taken: %s; it is ranked: %s', t[1], tostring(open), tostring(ranked)) end
end
local function same(what, a, b) if a ~= b then fault('%s: %d and %d', what, a, b) end end
same('claims and types in flight', call('HLEN', P .. 'f'), infl)
same('claims and leases', call('HLEN', P .. 'f'), call('ZCARD', P .. 'l'))
same('scheduled jobs and types scheduled', call('ZCARD', P .. 'z'), sched)
same('records and places', call('HLEN', P .. 'j'), live + infl + sched)
same('results and their ends', call('HLEN', P .. 'r'), call('ZCARD', P .. 'ru'))
same('letters and their index', call('HLEN', P .. 'd'), call('HLEN', P .. 'di'))
same('letters and their order', call('HLEN', P .. 'd'), call('ZCARD', P .. 'dx'))
same('debts and their order', call('HLEN', P .. 'od'), call('ZCARD', P .. 'o'))
same('debts and types in debt', call('HLEN', P .. 'od'), owed)
return faults
