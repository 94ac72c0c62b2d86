with tasks as (
    select
        template_id,
        count(*) as tasks
    from {{ analytics('tasks') }}
    group by template_id
)

select
    products.legacy_product_id,
    products.product_name,
    count(links.template_id) as templates,
    count(tasks.template_id) as used_templates,
    coalesce(sum(tasks.tasks), 0) as tasks
from {{ analytics('products') }} as products
left join {{ analytics('template_products') }} as links on products.product_id = links.product_id
left join tasks on links.template_id = tasks.template_id
group by products.legacy_product_id, products.product_name
order by tasks desc, products.legacy_product_id asc
