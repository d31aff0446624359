-- What the shop keeps in Redis, computed as its pages would on a miss.
SELECT 'shop:product:' || id AS key, to_json(p)::text AS value FROM products p
UNION ALL
SELECT 'shop:category:' || c.id || ':products', coalesce(json_agg(p.id ORDER BY p.id) FILTER (WHERE p.id IS NOT NULL), '[]')::text
FROM categories c LEFT JOIN products p ON p.category_id = c.id GROUP BY c.id
UNION ALL
SELECT 'shop:category:' || id, to_json(c)::text FROM categories c
UNION ALL
SELECT 'shop:homepage', json_agg(name ORDER BY price, id)::text FROM (SELECT * FROM products ORDER BY price, id LIMIT 5) p
UNION ALL
SELECT 'shop:user:' || id, to_json(u)::text FROM users u
UNION ALL
SELECT 'shop:login:' || lower(email), id::text FROM users
UNION ALL
-- Pages cache misses too: nobody has this address yet.
SELECT 'shop:login:grace@example.com', 'nobody' WHERE NOT EXISTS (SELECT 1 FROM users WHERE lower(email) = 'grace@example.com')
UNION ALL
SELECT 'shop:user:' || u.id || ':orders', coalesce(json_agg(o.id ORDER BY o.id) FILTER (WHERE o.id IS NOT NULL), '[]')::text
FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id
UNION ALL
SELECT 'shop:order:' || id, to_json(o)::text FROM orders o
