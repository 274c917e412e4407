-- Every effect of an event asks whether its user had it erased: a look into an
-- index of the few who did, which updates of positions do not touch.
CREATE INDEX user_streams_erased ON user_streams (user_id, erased) WHERE erased > 0;
