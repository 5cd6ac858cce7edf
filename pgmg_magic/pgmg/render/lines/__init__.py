"""What plans, results, statuses and differences say, line by line: the words, before anybody chose colours."""
