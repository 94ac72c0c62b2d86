-- Content types, permissions and groups.
set timezone to 'UTC';

-- Ids have gaps because models came and went; some of these models have no table here.
insert into django_content_type (id, app_label, model) values
(1, 'admin', 'logentry'),
(2, 'auth', 'permission'),
(3, 'auth', 'group'),
(4, 'contenttypes', 'contenttype'),
(5, 'sessions', 'session'),
(6, 'dispatch', 'project'),
(7, 'dispatch', 'storage'),
(8, 'dispatch', 'file'),
(9, 'dispatch', 'jaw'),
(10, 'dispatch', 'instruction'),
(11, 'dispatch', 'patient'),
(12, 'dispatch', 'plan'),
(13, 'dispatch', 'state'),
(14, 'dispatch', 'course'),
(15, 'dispatch', 'product'),
(17, 'dispatch', 'office'),
(18, 'dispatch', 'doctorsetting'),
(19, 'dispatch', 'role'),
(20, 'dispatch', 'category'),
(21, 'dispatch', 'template'),
(22, 'dispatch', 'task'),
(25, 'dispatch', 'payment'),
(26, 'dispatch', 'operation'),
(27, 'dispatch', 'ware'),
(31, 'dispatch', 'record'),
(32, 'dispatch', 'comment'),
(33, 'dispatch', 'note'),
(38, 'dispatch', 'notification'),
(41, 'dispatch', 'order'),
(44, 'dispatch', 'label'),
(52, 'authtoken', 'token'),
(58, 'auth', 'user'),
(60, 'dispatch', 'coupon');

insert into auth_permission (id, name, content_type_id, codename)
select
    row_number() over (order by django_content_type.id, verb.n),
    'Can ' || verb.name || ' ' || django_content_type.model,
    django_content_type.id,
    verb.name || '_' || django_content_type.model
from django_content_type
cross join (values (1, 'add'), (2, 'change'), (3, 'delete'), (4, 'view')) as verb (n, name);

insert into auth_permission (id, name, content_type_id, codename) values
(201, 'Can approve order', 10, 'approve_instruction'),
(202, 'Can ship order', 10, 'ship_instruction'),
(203, 'Can see all patients', 11, 'view_all_patients'),
(204, 'Can take payments "by hand"', 25, 'manual_payment'),
(205, 'Can refund payment', 25, 'refund_payment'),
(206, 'Can export records', 31, 'export_record'),
(207, 'Can log in as another user', 58, 'impersonate_user');

insert into auth_group (id, name) values
(1, 'Patient'),
(2, 'Doctor'),
(3, 'Billing'),
(4, 'Administrator'),
(5, 'Master'),
(6, 'Sales'),
(7, 'Support'),
(8, 'Export'),
(9, 'External'),
(11, 'Technician');

create temporary table gen_permission as
select
    id,
    row_number() over (order by id) as n
from auth_permission;

-- Pairs are numbered 0 … groups * permissions - 1; a permutation of the numbers gives distinct pairs.
insert into auth_group_permissions (id, group_id, permission_id)
with groups as (
    select
        id,
        row_number() over (order by id) as n
    from auth_group
),

pairs as (
    select
        n,
        shuffled(n, 10 * total) as drawn
    from (select count(*) as total from gen_permission) as permissions
    cross join generate_series(1, how_many('group permissions')) as n
)

select
    pairs.n,
    groups.id,
    gen_permission.id
from pairs
inner join groups on pairs.drawn % 10 + 1 = groups.n
inner join gen_permission on pairs.drawn / 10 + 1 = gen_permission.n;
