"""The business questions of analyses/: their page, and the same answers computed from the legacy tables alone."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from test_legacy_traps import rendered

from ops.project import ROOT

PAGE = ROOT / "docs" / "business-questions.md"
SHOWN = 8  # rows of each result
INTRODUCTION = f"""# Business questions

The questions are dbt analyses in [`analyses/`](../analyses). Their SQL reads the schema `analytics` as the role
`dispatch_analyst`, so that it can be copied into any tool. The results, at most {SHOWN} rows of each, are those of the
synthetic data at scale `phase7`. `make test` computes every result a second time from the legacy tables, and compares
this page with a run. [How to join](analysts.md) explains the tables.

## Terms

What is not clear is addressed to the owner of the data in [decision 14](decisions/0014-business-terms.md), with the
effect in numbers.
"""

# The orders and payments that are migrated, as the rules say and not as the models do.
ORDERS = """
orders as (
    select instruction.*, patient.doctor_id, patient.archived or patient.suspended as closed
    from legacy.dispatch_instruction as instruction, legacy.dispatch_patient as patient
    where instruction.patient_id = patient.id and instruction.deleted is false
    and patient.doctor_id in (select user_id from legacy.dispatch_doctorsetting)
)"""
PAYMENTS = f"""{ORDERS}, paid as (
    select
        payment.*,
        case when free or paid then 'completed' else 'pending' end as kind,
        coalesce(returned.price, 0) as back
    from legacy.dispatch_payment as payment left join (
        select payment_id, sum(price) as price from legacy.dispatch_operation where type = 2 group by payment_id
    ) as returned on returned.payment_id = payment.id
    where instruction_id in (select id from orders)
)"""

# name: SQL on the legacy tables
ANSWERS = {
    "days_from_order_to_shipment": f"""
        with {ORDERS}, days as (
            select
                date_part('year', timezone('UTC', updated_at))::int as year,
                timezone('UTC', updated_at)::date - timezone('UTC', submitted_at)::date as days
            from orders where status = 4
        ), ranked as (
            select *, row_number() over ranks as rank, count(days) over (partition by year) as dated
            from days window ranks as (partition by year order by days nulls last)
        )
        select
            year, count(*), max(dated), round(sum(days)::numeric / nullif(max(dated), 0), 1),
            min(days) filter (where rank >= 0.5 * dated), min(days) filter (where rank >= 0.9 * dated)
        from ranked group by year""",
    "messages_per_order": f"""
        with {ORDERS}, told as (
            select distinct on (record.id) record.id, orders.id as order_id
            from legacy.dispatch_record as record
            left join orders on patient_id = target_id and orders.submitted_at <= created_at
            where target_type_id = (
                select id from legacy.django_content_type where app_label = 'dispatch' and model = 'patient'
            ) and target_id in (select id from legacy.dispatch_patient)
            order by record.id, orders.submitted_at desc, orders.id desc
        ), numbers as (
            select coalesce(course.name, 'no course') as course, coalesce(messages, 0) as messages
            from orders left join legacy.dispatch_course as course on course.id = orders.course_id
            left join (select order_id, count(*) as messages from told group by 1) as counted on order_id = orders.id
        )
        select course, count(*), sum(messages)::bigint, round(avg(messages), 2) from numbers group by course
        union all select 'no order yet', 0, count(*), null from told where order_id is null""",
    "open_orders_by_stage": f"""
        with {ORDERS}, stages (code, stage) as (values (0, 'no_product'), (1, 'submitted'), (2, 'approved'))
        select
            coalesce(stage, 'unmapped'), count(*), sum(closed::int)::bigint,
            timezone('UTC', min(submitted_at))::date
        from orders left join stages on code = status where status <> 4 group by stage""",
    "payments_by_office": f"""
        with {PAYMENTS}
        select
            (select id from legacy.dispatch_office where id = office_id and valid), count(*), sum(total_price),
            coalesce(sum(paid_price) filter (where not canceled), 0),
            coalesce(sum(paid_price - back) filter (where not canceled), 0)
        from paid group by 1""",
    "refunds_by_doctor": f"""
        with {PAYMENTS}
        select
            (select format('DOC-%s', lpad(user_id::text, 6, '0')) from legacy.dispatch_doctorsetting
            where user_id = paid.doctor_id),
            count(*), sum(back), coalesce(sum(back) filter (where canceled), 0)
        from paid where back > 0 group by 1""",
    "revenue_by_month_and_status": f"""
        with {PAYMENTS}
        select
            to_date(to_char(timezone('UTC', made_at), 'YYYYMM'), 'YYYYMM'),
            case when canceled then 'cancelled' else kind end, count(*), sum(total_price),
            coalesce(sum(paid_price) filter (where not canceled), 0), sum(back),
            coalesce(sum(paid_price) filter (where not canceled), 0)
            - coalesce(sum(back) filter (where not canceled), 0)
        from paid group by 1, 2""",
    "technician_throughput": f"""
        with {ORDERS}, technicians as (
            select role.name, usr.id, usr.is_active
            from legacy.dispatch_role as role inner join legacy.auth_user as usr on usr.id = role.user_id
            where role.name in (select role_name from dispatch_seeds.technician_specialties)
        )
        select
            name, technicians.id, is_active, count(task.id), count(distinct task.instruction_id),
            timezone('UTC', max(task.done_at))::date
        from technicians left join (
            select * from legacy.dispatch_task where checked and instruction_id in (select id from orders)
        ) as task on task.actor_id = technicians.id
        group by 1, 2, 3""",
    "template_usage_by_product": f"""
        with {ORDERS}, used as (
            select link.product_id, link.template_id, (
                select count(*) from legacy.dispatch_task
                where template_id = link.template_id and instruction_id in (select id from orders)
            ) as tasks
            from legacy.dispatch_template_products as link
        )
        select
            product.id, regexp_replace(product.name, '^\\s+|\\s+$', '', 'g'), count(used.template_id),
            count(nullif(tasks, 0)), coalesce(sum(tasks), 0)
        from legacy.dispatch_product as product left join used on product.id = used.product_id
        where not product.deleted and product.course_id in (1, 2, 3, 7)
        group by 1, 2""",
    "unread_notifications_by_role": """
        with people as (
            select id, case
                when id in (select user_id from legacy.dispatch_patient) then 'patient'
                when id in (select user_id from legacy.dispatch_doctorsetting) then 'doctor'
                when id in (
                    select user_id from legacy.dispatch_role
                    where name in (select role_name from dispatch_seeds.technician_specialties)
                ) then 'technician'
                else 'staff'
            end as role
            from legacy.auth_user
        )
        select
            role, count(*), sum((not read)::int)::bigint,
            count(distinct recipient_id) filter (where not read)
        from legacy.dispatch_notification inner join people on people.id = recipient_id
        where pg_input_is_valid(template_context, 'jsonb')
        group by role""",
}


CATALOGUE = """
catalogue as (
    select id from legacy.dispatch_product where not deleted and course_id in (1, 2, 3, 7)
), doctors as (
    select user_id from legacy.dispatch_doctorsetting
), types as (
    select id, format('%s.%s', app_label, model) as name from legacy.django_content_type
)"""
# entity, reason: what is left out for this reason, without the words select count(*) from
LEFT_OUT = {
    ("discounts", "offer_not_migrated"): """
        legacy.dispatch_discount where offer_id in (
            select id from legacy.dispatch_offer
            where product_id not in (table catalogue) or doctor_id not in (table doctors)
        )""",
    ("doctor_notes", "doctor_not_migrated"): "legacy.dispatch_note where doctor_id not in (table doctors)",
    ("jaws", "jaw_not_used"): """
        legacy.dispatch_jaw where id not in (
            select jaw from legacy.dispatch_instruction, unnest(array[upper_jaw_id, lower_jaw_id]) as jaw
            where jaw is not null
        )""",
    ("message_attachments", "message_not_migrated"): """
        legacy.dispatch_record_attachments where record_id in (table lost_messages)""",
    ("message_roles", "message_not_migrated"): """
        legacy.dispatch_record_roles where record_id in (table lost_messages)""",
    ("messages", "target_type_not_given"): "legacy.dispatch_record where target_type_id is null",
    ("messages", "target_type_unsupported"): """
        legacy.dispatch_record where target_type_id in (
            select id from types where name not in ('dispatch.patient', 'auth.user')
        )""",
    ("notifications", "malformed_json"): """
        legacy.dispatch_notification where not pg_input_is_valid(template_context, 'jsonb')""",
    ("offers", "doctor_not_migrated"): "legacy.dispatch_offer where doctor_id not in (table doctors)",
    ("offers", "product_not_migrated"): """
        legacy.dispatch_offer where product_id not in (table catalogue)
        and coalesce(doctor_id in (table doctors), true)""",
    ("orders", "doctor_not_migrated"): """
        legacy.dispatch_instruction where not deleted and id not in (select id from orders)""",
    ("orders", "order_deleted"): "legacy.dispatch_instruction where deleted",
    ("payments", "instruction_not_given"): "legacy.dispatch_payment where instruction_id is null",
    ("payments", "order_excluded"): """
        legacy.dispatch_payment where instruction_id in (
            select id from legacy.dispatch_instruction where deleted
        )""",
    ("payments", "order_rejected"): """
        legacy.dispatch_payment where instruction_id not in (select id from orders)
        and instruction_id not in (select id from legacy.dispatch_instruction where deleted)""",
    ("product_roles", "product_not_migrated"): """
        legacy.dispatch_product_roles where product_id not in (table catalogue)""",
    ("product_successors", "product_not_migrated"): """
        legacy.dispatch_product_successors
        where from_product_id not in (table catalogue) or to_product_id not in (table catalogue)""",
    ("products", "course_not_in_catalogue"): """
        legacy.dispatch_product where not deleted and course_id not in (1, 2, 3, 7)""",
    ("products", "product_deleted"): "legacy.dispatch_product where deleted",
    ("tasks", "instruction_not_given"): "legacy.dispatch_task where instruction_id is null",
    ("team_communications", "author_not_a_doctor"): "legacy.dispatch_note where author_id not in (table doctors)",
    ("team_communications", "author_not_given"): "legacy.dispatch_note where author_id is null",
    ("team_members", "group_not_team"): "legacy.auth_user_groups where group_id = 1",
    ("team_permissions", "group_not_team"): "legacy.auth_group_permissions where group_id = 1",
    ("teams", "group_not_team"): "legacy.auth_group where id = 1",
    ("template_products", "product_not_in_catalogue"): """
        legacy.dispatch_template_products where product_id not in (table catalogue)""",
}
_COUNTED = " union all ".join(
    f"select '{entity}', '{reason}', count(*) from {rows}" for (entity, reason), rows in LEFT_OUT.items()
)
ANSWERS["rejects_by_reason"] = f"""
    with {ORDERS}, {CATALOGUE}, lost_messages as (
        select id from legacy.dispatch_record
        where coalesce(target_type_id, 0) not in (
            select id from types where name in ('dispatch.patient', 'auth.user')
        )
    ), counted (entity, reason, rows) as ({_COUNTED})
    select entity, reason, disposition, rows, remedy
    from counted inner join dispatch_seeds.reject_reasons using (reason) where rows > 0"""


# What the choices of decision 14 change: every number is in the text.
EFFECTS = (
    "select count(*), sum(paid_amount), sum(refunded_amount), count(*) filter (where paid_amount > 0 or is_paid"
    " and not is_free) from dispatch_marts.payments where is_cancelled",
    "select sum(paid_amount), sum(paid_amount - refunded_amount) from dispatch_marts.payments",
    "select sum(paid_amount), sum(paid_amount - refunded_amount), sum(amount), sum(amount - tax_amount)"
    " from dispatch_marts.payments where not is_cancelled",
    "select count(*), sum(amount)::integer, 15599 - count(*), 154 + count(*) from dispatch_marts.payments"
    " where is_free and not is_paid and not is_cancelled",
    "select count(*) filter (where status = 'completed'), count(*) filter (where status = 'pending')"
    " from dispatch_marts.payments",
    "select count(*), sum(paid_amount) filter (where not is_cancelled) from dispatch_marts.payments"
    " where made_at is null",
    "select count(*), count(*) filter (where is_closed), count(*) filter (where status = 'no_product')"
    " from dispatch_marts.orders inner join dispatch_marts.cases using (patient_id) where status <> 'shipped'",
    "select count(*), count(*) filter (where not exists (select from dispatch_marts.orders"
    " where patient_id = target_patient_id and submitted_at <= created_at))"
    " from dispatch_marts.messages where target_patient_id is not null",
    "select count(*), count(distinct message_id)"
    " from dispatch_marts.messages inner join dispatch_marts.orders on patient_id = target_patient_id",
    "select count(*), count(*) filter (where is_active), count(*) filter (where not is_active and exists ("
    "select from dispatch_marts.tasks where actor_profile_id = technicians.profile_id and status = 'completed'"
    " and done_at > (select max(done_at) - interval '90 days' from dispatch_marts.tasks)))"
    " from dispatch_marts.technicians",
)


def wrapped(text: str, bullet: str = "") -> str:
    """Return a text in lines of at most 120 characters."""
    indents = {"initial_indent": bullet, "subsequent_indent": " " * len(bullet)}
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False, **indents)


def page(docs: Mapping[str, str], questions: Mapping[str, tuple[str, str, Sequence[str], Sequence[Any]]]) -> str:
    """Return the page: the terms, then description, SQL and result of each question."""
    parts = [INTRODUCTION, "\n", *(f"{wrapped(text, '- ')}\n" for text in docs.values())]
    for name, (description, query, columns, rows) in sorted(questions.items()):
        title = name.replace("_", " ").capitalize()
        shown = f"{len(rows)} rows:" if len(rows) <= SHOWN else f"The first {SHOWN} of {len(rows)} rows:"
        table = rendered(columns, rows[:SHOWN])
        parts.append(f"\n## {title}\n\n{wrapped(description)}\n\n```sql\n{query.strip()}\n```\n\n{shown}\n\n{table}\n")
    return "".join(parts)
