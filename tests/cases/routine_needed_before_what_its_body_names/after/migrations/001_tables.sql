CREATE TABLE changes (id integer, event integer DEFAULT current_event());
CREATE TABLE events (id integer);
