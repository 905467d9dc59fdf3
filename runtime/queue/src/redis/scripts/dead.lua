#!lua flags=allow-oom
-- Dead: a page of dead letters, in order of their keys.
--
-- KEYS  core
-- ARGV  type's name or '' · only keys after this one, or '' · most
-- Gives two per letter: key, letter
-- Cost  O(log letters + page)
begin()
local index = P .. 'dx'
if ARGV[1] ~= '' then
  local no = call('HGET', P .. 'tn', ARGV[1])
  if not no then return {} end
  index = index .. ':' .. no
end
local keys = call('ZRANGEBYLEX', index, ARGV[2] == '' and '-' or '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3])
local answer = {}
for at, key in ipairs(keys) do answer[2 * at - 1], answer[2 * at] = key, call('HGET', P .. 'd', key) end
return answer
