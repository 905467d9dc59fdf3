#!lua flags=allow-oom
-- List: a page of the jobs in one state.
--
-- KEYS  core
-- ARGV  state: p pending, z scheduled, f in flight, c completed, x cancelled · type's name or '' · cursor, two numbers:
--       list and place · most
-- Gives {next list, next place, or '' '' at the end; then five per job: key, type's name, attempts, due or '', the first
--       bytes of its record or result}
-- Cost  O(page)
begin()
local state, name, list, place, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local only = name ~= '' and call('HGET', P .. 'tn', name)
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
  if only and no ~= tonumber(only) then return end
  local claim, tried, attempts = call('HGET', P .. 'f', key), call('HGET', P .. 'a', key), 0
  if claim then attempts = unpack_(CLAIM, claim, 9) elseif tried then attempts = unpack_(TRIED, tried) end
  show(key, no, attempts, due or '', string.sub(record, 1, HEADER_BYTES))
end
if state == 'p' then
  -- Lists in order: type by type, in each by priority.
  local first, last = 0, tonumber(call('HGET', P .. 'c', 'types') or 0) - 1
  if only then first, last = tonumber(only), tonumber(only) end
  local no, priority = max(first, floor(list / 4)), 3 - list % 4
  if no > floor(list / 4) then priority, place = 3, 0 end
  local looks = 0
  while no <= last do
    local keys = call('LRANGE', list_of(no, priority), place, place + most - 1)
    for _, key in ipairs(keys) do show_live(key) end
    looks = looks + 1
    if #keys == most or looks >= 1000 then
      answer[1], answer[2] = no * 4 + 3 - priority, place + #keys
      return answer
    end
    most = most - #keys
    place, priority = 0, priority - 1
    if priority < 0 then no, priority = no + 1, 3 end
  end
  return answer
end
local from = ({ f = 'l', z = 'z', c = 'ru', x = 'ru' })[state]
local keys = call('ZRANGE', P .. from, place, place + most - 1, 'WITHSCORES')
for at = 1, #keys, 2 do
  local key = keys[at]
  if from == 'ru' then
    local result = call('HGET', P .. 'r', key)
    local kind, attempts, no, _, _, _, ends = unpack_('>BI2I3I2I6I6I6', result)
    if ends > now and kind == (state == 'c' and 0 or 1) and (not only or no == tonumber(only)) then
      show(key, no, attempts, '', string.sub(result, 1, 26))
    end
  else
    show_live(key, state == 'z' and keys[at + 1])
  end
end
if #keys == 2 * most then answer[1], answer[2] = 0, place + most end
return answer
