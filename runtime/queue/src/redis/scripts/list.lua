#!lua flags=allow-oom
-- List: a page of the jobs in one state.
--
-- KEYS  core
-- ARGV  state: p pending, z scheduled, f in flight, c completed, x cancelled · type's name or '' · cursor, two texts, '' at
--       the beginning: list and place, or score and key in hex · most
-- Gives {cursor, '' '' at the end; then five per job: key, type's name, attempts, due or '', the first bytes of its record
--       or result}
-- Cost  O(page); in sorted sets also O(jobs of the cursor's score)
begin()
local state, name, at_list, at_place, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local only = name ~= '' and tonumber(call('HGET', P .. 'tn', name) or nil)
if name ~= '' and not only then return { '', '' } end
local names = {}
local function known_name(no)
  names[no] = names[no] or name_of(no)
  return names[no]
end
local answer = { '', '' }
local function show(key, no, attempts, due, bytes)
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5] = key, known_name(no), attempts, due, bytes
end
local function show_live(key, due)
  local record = call('HGET', P .. 'j', key)
  if not record or record == '' then return end
  local no = unpack_(HEADER, record)
  if only and no ~= only then return end
  local claim, tried, attempts = call('HGET', P .. 'f', key), call('HGET', P .. 'a', key), 0
  if claim then attempts = unpack_(CLAIM, claim, 9) elseif tried then attempts = unpack_(TRIED, tried) end
  show(key, no, attempts, due or '', string.sub(record, 1, HEADER_BYTES))
end
local function show_done(key)
  local result = call('HGET', P .. 'r', key)
  local kind, attempts, no, _, _, _, ends = unpack_('>BI2I3I2I6I6I6', result)
  if ends <= now or kind ~= (state == 'c' and 0 or 1) or (only and no ~= only) then return end
  -- A job that came again is shown where it is now.
  local record = call('HGET', P .. 'j', key)
  if (record and record ~= '') or call('HEXISTS', P .. 'dk', key) == 1 then return end
  show(key, no, attempts, '', string.sub(result, 1, 26))
end

if state == 'p' then
  -- Lists in order: type by type, in each by priority, the first to go first.
  local first, last = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1
  if only then first, last = only, only end
  local list, place = max(tonumber(at_list) or 0, 4 * first), tonumber(at_place) or 0
  for _ = 1, 1000 do
    local no, priority = floor(list / 4), 3 - list % 4
    if no > last then return answer end
    local head = type_of(no)['h' .. priority]
    local from = max(place - head, 0)
    local keys = call('LRANGE', list_of(no, priority), from, from + most - 1)
    for _, key in ipairs(keys) do show_live(key) end
    place = head + from + #keys
    most = most - #keys
    if most <= 0 then break end
    list, place = list + 1, 0
  end
  answer[1], answer[2] = fmt('%d', list), fmt('%d', place)
  return answer
end

local set = P .. ({ f = 'l', z = 'z', c = 'ru', x = 'ru' })[state]
local function hex(s) return (string.gsub(s, '.', function(c) return fmt('%02x', string.byte(c)) end)) end
local offset = 0
while most > 0 do
  local found = call('ZRANGEBYSCORE', set, at_list == '' and '-inf' or at_list, '+inf', 'WITHSCORES', 'LIMIT', offset, 1000)
  if #found == 0 then
    answer[1], answer[2] = '', ''
    return answer
  end
  for at = 1, #found, 2 do
    local key, score = found[at], found[at + 1]
    -- What has the cursor's score and comes before it was shown already.
    if score ~= at_list or hex(key) > at_place then
      if state == 'f' then show_live(key) elseif state == 'z' then show_live(key, score) else show_done(key) end
      answer[1], answer[2] = score, hex(key)
      most = most - 1
      if most <= 0 then return answer end
    end
  end
  offset = offset + 1000
end
return answer
