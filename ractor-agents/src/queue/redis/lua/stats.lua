advance()
local lanes = {}
for place = COUNT + 6, COUNT + 20 do lanes[#lanes + 1] = S[place] end
local oldest = -1
for lane = 1, 5 do
  local first = S[AVAIL + lane] > 0 and call('ZRANGE', K .. ':r' .. lane, 0, 0)[1]
  if first then
    local at = load(first)[AT]
    if oldest < 0 or at < oldest then oldest = at end
  end
end
return finish({lanes, S[BYTES], S[DEAD], S[DEAD_BYTES], S[PRINTS], oldest, S[PAUSED]})
