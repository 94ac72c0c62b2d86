-- The tables of the legacy application, as Django made them. Keys, foreign keys and indexes come after the
-- load (90_constraints.sql): filling bare tables is several times faster.
set timezone to 'UTC';

-- Users, groups, permissions

create table auth_user (
    id integer not null,
    password varchar(128) not null,
    last_login timestamptz,
    is_superuser boolean not null,
    username varchar(150) not null,
    first_name varchar(150) not null,
    last_name varchar(150) not null,
    email varchar(254) not null,
    is_staff boolean not null,
    is_active boolean not null,
    date_joined timestamptz not null
);

create table auth_group (
    id integer not null,
    name varchar(150) not null
);

create table auth_user_groups (
    id integer not null,
    user_id integer not null,
    group_id integer not null
);

create table auth_permission (
    id integer not null,
    name varchar(255) not null,
    content_type_id integer not null,
    codename varchar(100) not null
);

create table auth_group_permissions (
    id integer not null,
    group_id integer not null,
    permission_id integer not null
);

create table auth_user_user_permissions (
    id integer not null,
    user_id integer not null,
    permission_id integer not null
);

create table django_content_type (
    id integer not null,
    app_label varchar(100) not null,
    model varchar(100) not null
);

create table dispatch_role (
    id integer not null,
    name varchar(100) not null,
    abbrev varchar(20),
    type integer,
    "order" integer,
    user_id integer,
    group_id integer
);

create table dispatch_role_permissions (
    id integer not null,
    role_id integer not null,
    permission_id integer not null
);

-- Offices, doctors, patients

create table dispatch_office (
    id integer not null,
    name varchar,
    address varchar,
    apt varchar,
    city varchar,
    state varchar,
    zip varchar,
    country varchar,
    phone varchar,
    tax_rate numeric(8, 4) not null,
    valid boolean not null,
    sq_customer_id varchar,
    emails boolean not null
);

create table dispatch_office_doctors (
    id integer not null,
    office_id integer not null,
    user_id integer not null
);

create table dispatch_doctorsetting (
    id integer not null,
    user_id integer not null,
    clinical_preferences text,
    sq_customer_id varchar,
    promised_payment boolean not null,
    credit numeric(10, 2) not null,
    tier_type integer,
    tier_finish date,
    installment_payments integer not null,
    baa_agreed_at timestamptz,
    eula_agreed_at timestamptz,
    company_account boolean not null
);

create table dispatch_patient (
    id integer not null,
    user_id integer not null,
    doctor_id integer,
    office_id integer,
    birthdate date,
    sex integer,
    status integer,
    archived boolean not null,
    suspended boolean not null,
    schemes text default '{}' not null,
    suffix varchar(10) not null,
    submitted_at timestamptz,
    updated_at timestamptz
);

-- Orders

create table dispatch_instruction (
    id integer not null,
    patient_id integer not null,
    course_id integer,
    "order" integer,
    "model" integer,
    scanner integer,
    scanner_notes text,
    notes text,
    complaint text,
    objective text,
    conditions text,
    exports text not null,
    price numeric(10, 2),
    status integer not null,
    cbct boolean not null,
    accept_extraction boolean not null,
    comprehensive boolean not null,
    deleted boolean not null,
    suffix varchar(10) not null,
    upper_jaw_id integer,
    lower_jaw_id integer,
    submitted_at timestamptz,
    updated_at timestamptz
);

create table dispatch_jaw (
    id integer not null,
    product_id integer,
    bond_teeth varchar(16) not null,
    extract_teeth varchar(16) not null,
    reason integer,
    labial boolean not null
);

create table dispatch_state (
    id integer not null,
    status integer not null,
    "on" boolean not null,
    changed_at timestamptz not null,
    actor_id integer,
    instruction_id integer not null
);

create table dispatch_course (
    id integer not null,
    name varchar(100) not null,
    type integer not null,
    customization text
);

create table dispatch_product (
    id integer not null,
    name varchar,
    description text,
    free boolean not null,
    deleted boolean not null,
    customization text,
    type integer,
    substitute boolean not null,
    course_id integer not null
);

create table dispatch_plan (
    id integer not null,
    instruction_id integer not null,
    project_id integer not null,
    notes text,
    number integer,
    name varchar not null,
    original boolean not null
);

create table dispatch_project (
    id integer not null,
    uid uuid not null,
    name varchar not null,
    size bigint,
    type integer not null,
    status integer not null,
    creator_id integer,
    created_at timestamptz not null,
    "public" boolean not null
);

create table dispatch_file (
    id integer not null,
    uid uuid not null,
    name varchar,
    ext varchar,
    size bigint not null,
    type integer not null,
    instruction_id integer,
    created_at timestamptz not null,
    product_id integer,
    parameters text,
    record_id integer,
    status integer
);

create table dispatch_storage (
    id integer not null,
    name varchar not null,
    address varchar not null,
    port integer not null,
    disk_free bigint not null,
    disk_total bigint not null
);

-- Payments

create table dispatch_payment (
    id integer not null,
    made_at timestamptz,
    free boolean not null,
    tax_rate numeric(8, 4) not null,
    tax_value numeric(10, 2) not null,
    paid_price numeric(10, 2) not null,
    subtotal_price numeric(10, 2) not null,
    total_price numeric(10, 2) not null,
    additional_price numeric(10, 2) not null,
    used_credit numeric(10, 2) not null,
    custom_price numeric(10, 2),
    instruction_id integer,
    doctor_id integer,
    office_id integer,
    order_id integer,
    canceled boolean not null,
    paid boolean not null,
    installments text not null,
    netsuite boolean not null
);

create table dispatch_operation (
    id integer not null,
    type integer,
    made_at timestamptz,
    price numeric(10, 2) not null,
    sq_order_id varchar,
    sq_payment_id varchar,
    sq_refund_id varchar,
    card_brand varchar,
    card_bin varchar,
    card_last varchar,
    office_card boolean not null,
    payment_id integer not null,
    attempts integer not null
);

create table dispatch_ware (
    id integer not null,
    payment_id integer not null,
    product_id integer,
    name varchar not null,
    description text,
    quantity integer not null,
    free boolean not null,
    base_price numeric(10, 2),
    doctor_price numeric(10, 2),
    global_price numeric(10, 2),
    discount_percent integer,
    discount numeric(10, 2),
    discount_reason varchar,
    total numeric(10, 2) not null
);

-- Templates and tasks

create table dispatch_template (
    id integer not null,
    task_name varchar,
    action_name varchar,
    text_name varchar,
    "function" integer,
    predefined boolean not null,
    read_only boolean not null,
    status integer,
    duration integer,
    category_id integer,
    extensions varchar,
    alerts integer,
    separate boolean not null
);

create table dispatch_template_products (
    id integer not null,
    template_id integer not null,
    product_id integer not null
);

create table dispatch_template_predecessors (
    id integer not null,
    from_template_id integer not null,
    to_template_id integer not null
);

create table dispatch_template_view_groups (
    id integer not null,
    template_id integer not null,
    group_id integer not null
);

create table dispatch_template_view_roles (
    id integer not null,
    template_id integer not null,
    role_id integer not null
);

create table dispatch_template_edit_roles (
    id integer not null,
    template_id integer not null,
    role_id integer not null
);

create table dispatch_category (
    id integer not null,
    name varchar not null,
    parent_id integer
);

create table dispatch_task (
    id integer not null,
    checked boolean not null,
    template_id integer not null,
    done_at timestamptz,
    "text" text,
    instruction_id integer,
    plan_id integer,
    order_id integer,
    actor_id integer,
    jaw integer,
    file_id integer
);

-- Communication

create table dispatch_record (
    id integer not null,
    target_id integer not null,
    target_type_id integer,
    author_id integer,
    group_id integer,
    type integer,
    "text" text not null,
    "public" boolean not null,
    created_at timestamptz not null
);

create table dispatch_comment (
    id integer not null,
    created_at timestamptz not null,
    "text" text,
    author_id integer not null,
    plan_id integer not null
);

create table dispatch_note (
    id integer not null,
    created_at timestamptz not null,
    "text" text not null,
    author_id integer,
    doctor_id integer not null
);

create table dispatch_notification (
    id integer not null,
    created_at timestamptz not null,
    recipient_id integer not null,
    sender varchar not null,
    template_name varchar not null,
    template_context text not null,
    "read" boolean not null,
    item_id integer,
    item_type_id integer,
    send boolean not null,
    sent boolean not null
);

create table dispatch_record_attachments (
    id integer not null,
    record_id integer not null,
    file_id integer not null
);

create table dispatch_record_roles (
    id integer not null,
    record_id integer not null,
    role_id integer not null
);

-- Products: their roles, their successors, and what they cost a doctor

create table dispatch_product_roles (
    id integer not null,
    product_id integer not null,
    role_id integer not null
);

create table dispatch_product_successors (
    id integer not null,
    from_product_id integer not null,
    to_product_id integer not null
);

create table dispatch_offer (
    id integer not null,
    doctor_id integer,
    product_id integer,
    price_both numeric(10, 2),
    price_upper numeric(10, 2),
    price_lower numeric(10, 2)
);

create table dispatch_discount (
    id integer not null,
    offer_id integer not null,
    percent integer not null,
    reason text,
    count integer,
    "total" integer,
    used integer,
    start date,
    finish date
);
