-- From version 1 to version 2.

-- More of what the exchange says of a pair. What it said today lacks it and is asked for again.
ALTER TABLE symbols ADD COLUMN min_quantity TEXT;
ALTER TABLE symbols ADD COLUMN max_quantity TEXT;
ALTER TABLE symbols ADD COLUMN sell_down TEXT;
ALTER TABLE symbols ADD COLUMN sell_up TEXT;
ALTER TABLE symbol_history ADD COLUMN min_quantity TEXT;
ALTER TABLE symbol_history ADD COLUMN max_quantity TEXT;
ALTER TABLE symbol_history ADD COLUMN sell_down TEXT;
ALTER TABLE symbol_history ADD COLUMN sell_up TEXT;
DELETE FROM symbols;
