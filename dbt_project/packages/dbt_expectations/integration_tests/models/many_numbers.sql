SELECT number FROM numbers(100001)
