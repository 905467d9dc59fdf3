#!lua flags=allow-oom
-- Paid: the log has these letters; the offsets behind them are settled now.
--
-- KEYS  core
-- ARGV  numbers of debts
-- Gives how many were known
-- Cost  O(debts)
begin()
local settled, paid = {}, 0
for _, debt in ipairs(ARGV) do
  local owed = call('HGET', P .. 'od', debt)
  if owed then
    local lane, offset = unpack_('>I2I6', owed)
    local letter = string.sub(owed, 9)
    settled[lane] = settled[lane] or {}
    settled[lane][#settled[lane] + 1] = offset
    call('ZREM', P .. 'o', debt)
    call('HDEL', P .. 'od', debt)
    local index = call('HGET', P .. 'di', letter)
    local no, redrives, died = unpack_(LETTER, index)
    call('HSET', P .. 'di', letter, pack(LETTER, no, redrives, died, 0, 0) .. string.sub(index, LETTER_BYTES + 1))
    add(no, 'owed', -1)
    paid = paid + 1
  end
end
mark_settled(settled)
wake(finish())
return paid
