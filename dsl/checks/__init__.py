"""What a resolved policy means: lets, ladders, tables, routes, orders, tests, cost."""
