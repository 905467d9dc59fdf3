#!lua flags=allow-oom
-- Job: where a job is, and what is known of it.
--
-- KEYS  core
-- ARGV  key
-- Gives {} when it is unknown; {live, state, type's name, attempts, due or '', last failure or '', record};
--       {dead, letter}; {done, type's name, result}
-- Cost  O(1)
begin()
local key = ARGV[1]
local record = call('HGET', P .. 'j', key)
if record and record ~= '' then
  local no = unpack_(HEADER, record)
  local state, attempts, due = 'p', 0, call('ZSCORE', P .. 'z', key)
  local claim, tried = call('HGET', P .. 'f', key), call('HGET', P .. 'a', key)
  if claim then
    state, attempts = 'f', unpack_(CLAIM, claim, 9)
  else
    if tried then attempts = unpack_(TRIED, tried) end
    if due then state = 'z' end
  end
  return { 'live', state, name_of(no), attempts, due or '', call('HGET', P .. 'e', key) or '', record }
end
local letter = call('HGET', P .. 'dk', key)
if letter then return { 'dead', call('HGET', P .. 'd', letter) } end
local result = call('HGET', P .. 'r', key)
if result then
  local _, _, no, _, _, _, ends = unpack_('>BI2I3I2I6I6I6', result)
  if ends > now then return { 'done', name_of(no), result } end
end
return {}
