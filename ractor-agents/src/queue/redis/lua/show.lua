-- What a message is like, for those who look at it; its payload last.
local function show(id, m)
  local history = m[PAST] == 1 and rare().past(id, m) or false
  return {
    id, m[AT], m[EXPIRES], m[ATTEMPTS], m[ATTEMPTS_MAX], m[LANE], m[GROUP], m[SIZE], m[STAGE], m[DUE], m[UNTIL],
    m[RUNNING], m[DEATH_AT], m[DEATH_NO], history, call('HGET', K .. ':m', id .. 'p'),
  }
end
