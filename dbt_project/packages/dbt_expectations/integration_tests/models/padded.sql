SELECT arrayJoin(['a', 'a ', 'A', 'b']) AS code
