-- ARGV[5..9]: how many at most, for how long, whether low priorities have their turns, after how many bytes to stop, whether somebody waits on.
-- Answers in how many milliseconds something is due, or -1, and the messages.
local PASSED_MAX = 28
local count, length, is_fair, bytes_max = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', tonumber(ARGV[8])
advance()

local function turn()
  local highest, aged
  for lane = 1, 5 do
    if S[AVAIL + lane] > 0 then
      highest = highest or lane
      -- The last of several with the same count: the lowest.
      if is_fair and S[PASSED + lane] >= PASSED_MAX and (not aged or S[PASSED + lane] >= S[PASSED + aged]) then
        aged = lane
      end
    end
  end
  local taken = aged or highest
  if not taken then return end
  for lane = 1, 5 do
    local is_passed = lane ~= taken and lane ~= highest and S[AVAIL + lane] > 0
    S[PASSED + lane] = is_passed and math.min(255, S[PASSED + lane] + 1) or 0
  end
  return taken
end

local answer, bytes = {-1}, 0
while S[PAUSED] == 0 and #answer <= count and bytes < bytes_max do
  local lane = turn()
  if not lane then break end
  local id = call('ZRANGE', K .. ':r' .. lane, 0, 0)[1]
  local both = call('HMGET', K .. ':m', id, id .. 'p')
  local m, payload = cmsgpack.unpack(both[1]), both[2]
  detach(id, m)
  S[LEASE] = S[LEASE] + 1
  m[TOKEN_EPOCH], m[TOKEN], m[UNTIL] = S[EPOCH], S[LEASE], math.min(FAR - 1, now + length)
  attach(id, m, HELD)
  save(id, m)
  bytes = bytes + #payload
  answer[#answer + 1] = {
    id, m[TOKEN_EPOCH], m[TOKEN], m[ATTEMPTS], m[ATTEMPTS_MAX], lane, m[GROUP], m[AT], m[EXPIRES], payload,
  }
end
if ARGV[9] == '1' and #answer == 1 and S[WAITING] == 0 then
  S[WAITING] = 1
  dirty = true
end
if S[NEXT] < FAR then answer[1] = math.max(0, S[NEXT] - now) end
return finish(answer)
