#!lua flags=allow-oom
-- Take: jobs for a worker. Between types by virtual time and weight, in a type by priority and age; never beyond a
-- type's concurrency and rate, nor beyond the jobs in flight that the reserved memory allows.
--
-- KEYS  core
-- ARGV  worker (hex) · client (hex) · request · most · lease in ms · 6 random bytes · the offer's hash
-- Gives {offer} when the offer is not known: show it, ask again; or {taken, ms until something may start by itself or
--       -1, lease until, the claims' 6 random bytes, then five per job: its number in the request, attempt, suspect,
--       the version that an attempt of it has run on or '', record}
-- Cost  O(jobs · log in flight) and O(types served · log ready types), plus a look at each ready type that this worker
--       does not offer, plus O(tombstones before the jobs), of which a call throws away at most GHOSTS_MAX: a type with
--       more gives less, keeps its turn, and the answer says that something may start at once.
--       Guarantee: a repeated request gets what is left of the same claims, an older one nothing.
begin()
local worker, client, request, most, lease, base = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local mine = P .. 'w:' .. worker
local w = call('HMGET', mine, 'offer', 'types', 'req', 'base', 'keys')
if w[1] ~= ARGV[7] then return { 'offer' } end
expire(1000)
fall_due(1000)
unhold()
wake(finish())
local waiter = client .. ':' .. worker

if w[3] and request <= tonumber(w[3]) then
  local answer = { 'taken', -1, '0', w[4] }
  if request < tonumber(w[3]) then return answer end
  local last = now
  for at = 1, #w[5], 14 do
    local key, index = string.sub(w[5], at, at + 13), (at - 1) / 14
    local claim = call('HGET', P .. 'f', key)
    if claim and string.sub(claim, 1, 8) == w[4] .. pack('>I2', index) then
      local attempts = unpack_(CLAIM, claim, 9)
      local lasts = tonumber(call('ZSCORE', P .. 'l', key) or nil) or 0
      -- One that was renewed lasts longer, which does no harm to believe of none.
      if #answer == 4 or lasts < last then last = lasts end
      local n = #answer
      answer[n + 1], answer[n + 2], answer[n + 3] = index, attempts, 0
      answer[n + 4], answer[n + 5] = string.sub(claim, CLAIM_BYTES + 1), call('HGET', P .. 'j', key)
      local suspect = call('HGET', mine, 's' .. index)
      if suspect then answer[n + 3] = 1 end
    end
  end
  answer[3] = fmt('%d', last)
  return answer
end

most = max(0, min(most, core.cap - call('ZCARD', P .. 'l')))

-- Whose turn it is, a job at a time; with many types ready several jobs at a turn, since each type in a take costs about
-- as much as three jobs. `open` is a heap of types being served, by turn.
local quantum = call('ZCARD', P .. 'y') > 16 and 16 or 1
local order, left, info, open = {}, {}, {}, {}
local function before(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local function push_open(item)
  local at = #open + 1
  open[at] = item
  while at > 1 do
    local up = floor(at / 2)
    if not before(open[at], open[up]) then break end
    open[at], open[up] = open[up], open[at]
    at = up
  end
end
local function pop_open()
  local item, last = open[1], table.remove(open)
  if #open == 0 then return item end
  open[1] = last
  local at = 1
  while true do
    local least = at
    for down = 2 * at, 2 * at + 1 do
      if open[down] and before(open[down], open[least]) then least = down end
    end
    if least == at then return item end
    open[at], open[least] = open[least], open[at]
    at = least
  end
end
local offered = w[2] or ''
local function is_offered(no)
  local byte = string.byte(offered, floor(no / 8) + 1)
  return byte and floor(byte / 2 ^ (no % 8)) % 2 == 1
end
local window, looked, ready, at = max(math.ceil(most / quantum), 16), 0, {}, 1
while #order < most do
  if at > #ready and looked >= 0 then
    ready = call('ZRANGE', P .. 'y', looked, looked + window - 1, 'WITHSCORES')
    local numbers = {}
    for index = 1, #ready, 2 do
      if is_offered(tonumber(ready[index])) then numbers[#numbers + 1] = ready[index] end
    end
    load_types(numbers)
    at = 1
    looked = #ready == 2 * window and looked + window or -1
  end
  local turn = tonumber(ready[at + 1] or nil)
  if turn and (not open[1] or turn <= open[1][1]) then
    local no = tonumber(ready[at])
    at = at + 2
    if is_offered(no) then
      local t = types[no]
      local room, tat = room_of(t), 0
      if t.ri > 0 then
        tat = max(t.tat, now - t.rb * t.ri)
        room = min(room, floor((now - tat) / t.ri + 0.000001))
      end
      if room > 0 then
        info[no] = { turn = turn, tat = tat, given = 0 }
        left[no] = room
        push_open({ turn, no })
      end
    end
  elseif open[1] then
    local item = pop_open()
    local no = item[2]
    local gives = min(quantum, left[no], most - #order)
    for _ = 1, gives do order[#order + 1] = no end
    info[no].given = info[no].given + gives
    left[no] = left[no] - gives
    if left[no] > 0 then push_open({ item[1] + types[no].stride * gives, no }) end
  else
    break
  end
end

-- The jobs of each type, ghosts thrown away.
local jobs, turn, ghosts_left = {}, core.turn, GHOSTS_MAX
-- Throws away the ghosts at the head of a type's lists, until a job stands there. Looked at before they are popped, and
-- without their records: the job there may be large, and somebody else's.
local function clear_head(no)
  for priority = 3, 0, -1 do
    local list, is_clear = list_of(no, priority), false
    while not is_clear and ghosts_left > 0 do
      local keys = call('LRANGE', list, 0, min(500, ghosts_left) - 1)
      local ghosts = {}
      for _, key in ipairs(keys) do
        if call('HSTRLEN', P .. 'j', key) > 0 then break end
        ghosts[#ghosts + 1] = key
      end
      if #ghosts > 0 then
        call('LMPOP', 1, list, 'LEFT', 'COUNT', #ghosts)
        many('HDEL', P .. 'j', ghosts)
        add(no, 'h' .. priority, #ghosts)
        add(no, 'ghost', -#ghosts)
        ghosts_left = ghosts_left - #ghosts
      end
      if #keys == 0 then break end
      is_clear = #ghosts < #keys
    end
    if is_clear or ghosts_left <= 0 then return end
  end
end
for no, of in pairs(info) do
  if of.given > 0 then
    local got = { keys = {}, records = {}, at = 0 }
    jobs[no] = got
    while #got.keys < of.given and ghosts_left > 0 do
      local popped = call('LMPOP', 4, list_of(no, 3), list_of(no, 2), list_of(no, 1), list_of(no, 0), 'LEFT', 'COUNT', min(of.given - #got.keys, PIECE))
      if not popped then break end
      local keys, ghosts = popped[2], {}
      add(no, 'h' .. string.sub(popped[1], -1), #keys)
      local records = call('HMGET', P .. 'j', unpack(keys))
      for index, key in ipairs(keys) do
        local record = records[index]
        if record and record ~= '' then
          local n = #got.keys + 1
          got.keys[n], got.records[n] = key, record
        else
          ghosts[#ghosts + 1] = key
        end
      end
      if #ghosts > 0 then
        many('HDEL', P .. 'j', ghosts)
        add(no, 'ghost', -#ghosts)
        ghosts_left = ghosts_left - #ghosts
        clear_head(no)
      end
    end
  end
end

local n, all = 0, {}
local records, types = {}, {}
for _, no in ipairs(order) do
  local got = jobs[no]
  got.at = got.at + 1
  local key = got.keys[got.at]
  if key then
    n = n + 1
    all[n], records[n], types[n] = key, got.records[got.at], no
  end
end
local lasts = now + lease
local answer = { 'taken', -1, fmt('%d', lasts), base }
if n > 0 then
  local tried = {}
  if call('EXISTS', P .. 'a') == 1 then
    for begins = 1, n, PIECE do
      local ends = min(begins + PIECE - 1, n)
      local found = call('HMGET', P .. 'a', unpack(all, begins, ends))
      for index = begins, ends do tried[index] = found[index - begins + 1] end
    end
  end
  local claims, leases, known, suspects = {}, {}, {}, {}
  for index = 1, n do
    local key, record = all[index], records[index]
    local _, lane, flags, _, _, _, _, offset = unpack_(HEADER, record)
    local attempts, suspect, started = 0, 0, ''
    if tried[index] then
      attempts, suspect = unpack_(TRIED, tried[index])
      started = string.sub(tried[index], TRIED_BYTES + 1)
      known[#known + 1] = key
      if suspect == 1 then suspects[#suspects + 1], suspects[#suspects + 2] = 's' .. (index - 1), 1 end
    end
    attempts = min(attempts + 1, 65535)
    claims[2 * index - 1] = key
    claims[2 * index] = base .. pack('>I2', index - 1) .. pack(CLAIM, attempts, types[index], lane, offset, flags % 4) .. started
    leases[2 * index - 1], leases[2 * index] = lasts, key
    local to = 5 * index - 1
    answer[to + 1], answer[to + 2], answer[to + 3], answer[to + 4], answer[to + 5] = index - 1, attempts, suspect, started, record
  end
  many('HSET', P .. 'f', claims, 2)
  many('ZADD', P .. 'l', leases, 2)
  many('HDEL', P .. 'a', known)
  for no, of in pairs(info) do
    local got = jobs[no] and #jobs[no].keys or 0
    if got > 0 then
      local t = touch(no)
      t.pend, t.infl, t.moved = t.pend - got, t.infl + got, true
      t.turn = of.turn + t.stride * got
      if t.ri > 0 then t.tat = of.tat + t.ri * got end
      turn = max(turn, t.turn - t.stride)
    end
  end
  core.turn = turn
  call('HSET', P .. 'c', 'turn', fmt('%.17g', turn))
  call('DEL', mine)
  call('HSET', mine, 'offer', ARGV[7], 'types', offered, 'req', ARGV[3], 'base', base, 'keys', table.concat(all))
  many('HSET', mine, suspects, 2)
else
  call('HSET', mine, 'req', ARGV[3], 'base', base, 'keys', '')
end
finish()
call('PEXPIRE', mine, 600000)
if n < tonumber(ARGV[4]) then
  call('SADD', P .. 's', waiter)
  -- Ghosts were left standing before jobs that could be taken.
  answer[2] = ghosts_left <= 0 and 0 or next_moment()
else
  call('SREM', P .. 's', waiter)
end
return answer
