"""Every row that PostgreSQL's catalogs have of user objects, with names in the place of OIDs.

It shares nothing with what pgmg reads. What a column refers to is asked of the server (`pg_get_catalog_foreign_keys`),
expressions are shown by its `pg_get_…` functions, and each column of each catalog is listed below: one that a new
version adds fails a test until somebody has decided how it is to be compared.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict

import psycopg
from psycopg import sql

COLUMNS = {
    line.split()[0]: frozenset(line.split()[1:])
    for line in """
pg_aggregate aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop aggtranstype aggtransspace aggmtranstype aggmtransspace agginitval aggminitval
pg_am oid amname amhandler amtype
pg_amop oid amopfamily amoplefttype amoprighttype amopstrategy amoppurpose amopopr amopmethod amopsortfamily
pg_amproc oid amprocfamily amproclefttype amprocrighttype amprocnum amproc
pg_attrdef oid adrelid adnum adbin
pg_attribute attrelid attname atttypid attstattarget attlen attnum attndims attcacheoff atttypmod attbyval attalign attstorage attcompression attnotnull atthasdef atthasmissing attidentity attgenerated attisdropped attislocal attinhcount attcollation attacl attoptions attfdwoptions attmissingval
pg_cast oid castsource casttarget castfunc castcontext castmethod
pg_class oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex relisshared relpersistence relkind relnatts relchecks relhasrules relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident relispartition relrewrite relfrozenxid relminmxid relacl reloptions relpartbound
pg_collation oid collname collnamespace collowner collprovider collisdeterministic collencoding collcollate collctype colliculocale colllocale collicurules collversion
pg_constraint oid conname connamespace contype condeferrable condeferred conenforced convalidated conrelid contypid conindid conparentid confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit conperiod conkey confkey conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin
pg_conversion oid conname connamespace conowner conforencoding contoencoding conproc condefault
pg_default_acl oid defaclrole defaclnamespace defaclobjtype defaclacl
pg_depend classid objid objsubid refclassid refobjid refobjsubid deptype
pg_description objoid classoid objsubid description
pg_enum oid enumtypid enumsortorder enumlabel
pg_event_trigger oid evtname evtevent evtowner evtfoid evtenabled evttags
pg_extension oid extname extowner extnamespace extrelocatable extversion extconfig extcondition
pg_foreign_data_wrapper oid fdwname fdwowner fdwhandler fdwvalidator fdwacl fdwoptions
pg_foreign_server oid srvname srvowner srvfdw srvtype srvversion srvacl srvoptions
pg_foreign_table ftrelid ftserver ftoptions
pg_index indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion indimmediate indisclustered indisvalid indcheckxmin indisready indislive indisreplident indkey indcollation indclass indoption indexprs indpred
pg_inherits inhrelid inhparent inhseqno inhdetachpending
pg_init_privs objoid classoid objsubid privtype initprivs
pg_language oid lanname lanowner lanispl lanpltrusted lanplcallfoid laninline lanvalidator lanacl
pg_namespace oid nspname nspowner nspacl
pg_opclass oid opcmethod opcname opcnamespace opcowner opcfamily opcintype opcdefault opckeytype
pg_operator oid oprname oprnamespace oprowner oprkind oprcanmerge oprcanhash oprleft oprright oprresult oprcom oprnegate oprcode oprrest oprjoin
pg_opfamily oid opfmethod opfname opfnamespace opfowner
pg_partitioned_table partrelid partstrat partnatts partdefid partattrs partclass partcollation partexprs
pg_policy oid polname polrelid polcmd polpermissive polroles polqual polwithcheck
pg_proc oid proname pronamespace proowner prolang procost prorows provariadic prosupport prokind prosecdef proleakproof proisstrict proretset provolatile proparallel pronargs pronargdefaults prorettype proargtypes proallargtypes proargmodes proargnames proargdefaults protrftypes prosrc probin prosqlbody proconfig proacl
pg_publication oid pubname pubowner puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot pubgencols
pg_publication_namespace oid pnpubid pnnspid
pg_publication_rel oid prpubid prrelid prqual prattrs
pg_range rngtypid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff
pg_rewrite oid rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action
pg_seclabel objoid classoid objsubid provider label
pg_sequence seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle
pg_shdepend dbid classid objid objsubid refclassid refobjid deptype
pg_statistic_ext oid stxrelid stxname stxnamespace stxowner stxstattarget stxkeys stxkind stxexprs
pg_transform oid trftype trflang trffromsql trftosql
pg_trigger oid tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstrrelid tgconstrindid tgconstraint tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable
pg_ts_config oid cfgname cfgnamespace cfgowner cfgparser
pg_ts_config_map mapcfg maptokentype mapseqno mapdict
pg_ts_dict oid dictname dictnamespace dictowner dicttemplate dictinitoption
pg_ts_parser oid prsname prsnamespace prsstart prstoken prsend prsheadline prslextype
pg_ts_template oid tmplname tmplnamespace tmplinit tmpllexize
pg_type oid typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim typrelid typsubscript typelem typarray typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage typnotnull typbasetype typtypmod typndims typcollation typdefaultbin typdefault typacl
pg_user_mapping oid umuser umserver umoptions
""".strip().split("\n")
}
"""The catalogs of objects in a database and their columns, in any of the versions that are supported."""

NOT_OF_OBJECTS = frozenset(
    [
        "pg_statistic",
        "pg_statistic_ext_data",
        "pg_largeobject",
        "pg_largeobject_metadata",
        "pg_authid",
        "pg_auth_members",
        "pg_database",
        "pg_db_role_setting",
        "pg_parameter_acl",
        "pg_replication_origin",
        "pg_shdescription",
        "pg_shseclabel",
        "pg_subscription",
        "pg_subscription_rel",
        "pg_tablespace",
    ]
)
"""Catalogs of data, and those that all databases of a server share."""

HOUSEKEEPING = frozenset(
    [
        "pg_class.relfilenode",
        "pg_class.relpages",
        "pg_class.reltuples",
        "pg_class.relallvisible",
        "pg_class.relallfrozen",
        "pg_class.relfrozenxid",
        "pg_class.relminmxid",
        "pg_class.relrewrite",
        "pg_class.relhasindex",
        "pg_class.relhasrules",
        "pg_class.relhastriggers",
        "pg_class.relhassubclass",
        "pg_index.indcheckxmin",
        "pg_attribute.attcacheoff",
        "pg_inherits.inhseqno",
    ]
)
"""What the server keeps for itself: where and how large files are, hints that may be out of date."""

SHOWN = {
    "pg_attrdef.adbin": "pg_get_expr(r.adbin, r.adrelid)",
    "pg_class.relpartbound": "pg_get_expr(r.relpartbound, r.oid)",
    "pg_constraint.conbin": "pg_get_constraintdef(r.oid)",
    "pg_index.indexprs": "pg_get_indexdef(r.indexrelid)",
    "pg_index.indpred": "pg_get_expr(r.indpred, r.indrelid)",
    "pg_partitioned_table.partexprs": "pg_get_partkeydef(r.partrelid)",
    "pg_policy.polqual": "pg_get_expr(r.polqual, r.polrelid)",
    "pg_policy.polwithcheck": "pg_get_expr(r.polwithcheck, r.polrelid)",
    "pg_proc.proargdefaults": "pg_get_function_arguments(r.oid)",
    "pg_proc.prosqlbody": "pg_get_function_sqlbody(r.oid)",
    "pg_publication_rel.prqual": "pg_get_expr(r.prqual, r.prrelid)",
    "pg_rewrite.ev_action": "pg_get_ruledef(r.oid)",
    "pg_rewrite.ev_qual": "NULL",  # as above
    "pg_statistic_ext.stxexprs": "pg_get_statisticsobjdef(r.oid)",
    "pg_trigger.tgqual": r"regexp_replace(pg_get_triggerdef(r.oid), '(ConstraintTrigger(_[ac])?)_\d+', '\1')",
    "pg_type.typdefaultbin": "pg_get_expr(r.typdefaultbin, 0)",
    # the same where nobody granted anything as where what everybody has was granted
    "pg_class.relacl": "acl(coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, r.relowner)))",
    "pg_proc.proacl": "acl(coalesce(r.proacl, acldefault('f', r.proowner)))",
    "pg_type.typacl": "acl(coalesce(r.typacl, acldefault('T', r.typowner)))",
    # the name of an internal trigger ends in an OID
    "pg_trigger.tgname": r"CASE WHEN r.tgisinternal THEN regexp_replace(r.tgname, '_\d+$', '') ELSE r.tgname END",
    # an option that the server keeps for itself is no option of the object
    "pg_attribute.attoptions": "ARRAY(SELECT o FROM unnest(r.attoptions) o WHERE o !~ '^pg_' ORDER BY o)",
    "pg_class.reloptions": "ARRAY(SELECT o FROM unnest(r.reloptions) o WHERE o !~ '^pg_' ORDER BY o)",
}
"""Columns that are shown by an expression over the row `r`."""

KEYS = {
    "pg_attribute": "r.attrelid",
    "pg_index": "r.indexrelid",
    "pg_inherits": "r.inhrelid",
    "pg_aggregate": "r.aggfnoid",
    "pg_range": "r.rngtypid",
    "pg_ts_config_map": "r.mapcfg",
    "pg_depend": "r.objid",
    "pg_shdepend": "r.objid",
    "pg_partitioned_table": "r.partrelid",
    "pg_sequence": "r.seqrelid",
    "pg_foreign_table": "r.ftrelid",
    "pg_description": "r.objoid",
    "pg_seclabel": "r.objoid",
    "pg_init_privs": "r.objoid",
}
"""The OID of the object that a row of a catalog without OIDs of its own is about."""

_HELPERS = r"""
CREATE OR REPLACE FUNCTION pg_temp.said(class oid, object oid, sub integer DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN object = 0 THEN NULL
        WHEN class = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class t WHERE t.oid = object AND t.relnamespace = 'pg_toast'::regnamespace)
        THEN (SELECT 'toast of ' || coalesce((SELECT c.oid::regclass::text FROM pg_class c WHERE c.reltoastrelid = object), 'an index'))
        WHEN class = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class t WHERE t.oid = object)
        THEN (SELECT i.type || ' ' || i.identity FROM pg_identify_object(class, object, greatest(sub, 0)) i)
             || CASE WHEN sub < 0 THEN ' ' || sub ELSE '' END
        WHEN class = 'pg_trigger'::regclass AND (SELECT t.tgisinternal FROM pg_trigger t WHERE t.oid = object)
        THEN (SELECT 'internal trigger ' || t.tgfoid::regproc || ' on ' || t.tgrelid::regclass || ' of ' || coalesce(pg_temp.said('pg_constraint'::regclass, t.tgconstraint), 'none') FROM pg_trigger t WHERE t.oid = object)
        ELSE (SELECT i.type || ' ' || i.identity FROM pg_identify_object(class, object, sub) i)
    END
$$;
CREATE OR REPLACE FUNCTION pg_temp.all_said(class oid, objects oid[]) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(pg_temp.said(class, o) ORDER BY n) FROM unnest(objects) WITH ORDINALITY AS x(o, n)
$$;
CREATE OR REPLACE FUNCTION pg_temp.acl(items aclitem[]) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(x.item ORDER BY x.item) FROM (
        SELECT concat(a.grantor::regrole, ' to ', CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ': ', a.privilege_type,
                      -- the owner may always grant
                      CASE WHEN a.is_grantable AND a.grantor <> a.grantee THEN ' WITH GRANT OPTION' END) AS item
        FROM aclexplode(items) a
    ) x
$$;
"""

FIRST_USER_OID = 16384

_TOAST = re.compile(r"\bpg_toast_\d+(?:_index)?\b")

Rows = dict[str, list[dict]]
"""By catalog and object, the catalog's rows of it."""


def unknown(conn: psycopg.Connection) -> list[str]:
    """Return what the server's catalogs have and this module does not know how to compare."""
    found = conn.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' ORDER BY 1, a.attnum"
    ).fetchall()
    return [f"{c}.{a}" for c, a in found if c not in NOT_OF_OBJECTS and a not in COLUMNS.get(c, ())]


def catalog_rows(dsn: str, *without: str) -> Rows:
    """Return all rows of user objects; those are left out whose text has one of the words `without` in it."""
    with psycopg.connect(dsn) as conn:
        conn.execute("SET search_path TO pg_catalog, pg_temp")
        conn.execute(_HELPERS)
        references = defaultdict(dict)
        for table, columns, to, is_array in conn.execute(
            "SELECT fktable::text, fkcols, pktable::text, is_array FROM pg_get_catalog_foreign_keys() WHERE cardinality(fkcols) = 1"
        ):
            references[table][columns[0]] = (to, is_array)
        shape = defaultdict(dict)
        for table, column, kind in conn.execute(
            "SELECT c.relname, a.attname, a.atttypid::regtype::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
        ):
            shape[table][column] = kind
        rows: Rows = defaultdict(list)
        for catalog in sorted(COLUMNS.keys() & shape.keys()):
            for about, row in conn.execute(_question(catalog, shape[catalog], references[catalog])):
                text = _TOAST.sub("pg_toast", json.dumps(row))
                if not any(word in f"{about} {text}" for word in (*without, "pg_temp", "pg_toast_temp")):
                    rows[f"{catalog}: {about}"].append(json.loads(text))
        conn.rollback()  # the helpers go
        return {key: sorted(found, key=json.dumps) for key, found in rows.items()}


def differences(before: Rows, after: Rows) -> list[str]:
    """Return in words what two readings disagree about."""
    said = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, []), after.get(key, [])
        gone, come = [r for r in old if r not in new], [r for r in new if r not in old]
        if len(gone) == len(come) == 1:
            changed = [c for c in gone[0] if gone[0][c] != come[0].get(c)]
            said += [f"{key}: {c} {gone[0][c]!r} -> {come[0].get(c)!r}" for c in changed]
        else:
            said += [f"{key}: lost {json.dumps(r)}" for r in gone] + [f"{key}: gained {json.dumps(r)}" for r in come]
    return said


def _question(catalog: str, shape: dict[str, str], references: dict[str, tuple[str, bool]]) -> str:
    key = KEYS.get(catalog, "r.oid")
    shown = []
    for column, kind in shape.items():
        name = f"{catalog}.{column}"
        if name in HOUSEKEEPING or column == "oid":
            continue
        shown.append(f"'{column}', {_shown(name, column, kind, references)}")
    if catalog in ("pg_depend", "pg_shdepend", "pg_description", "pg_seclabel", "pg_init_privs"):
        classid, objid = ("classid", "objid") if "classid" in shape else ("classoid", "objoid")
        about = f"pg_temp.said(r.{classid}, r.{objid}, r.objsubid)"
        named = {classid, objid, "objsubid", "refclassid", "refobjid", "refobjsubid"}
        shown = [one for one in shown if one.split("'")[1] not in named]
        if catalog == "pg_depend":
            shown.append("'on', pg_temp.said(r.refclassid, r.refobjid, r.refobjsubid)")
        elif catalog == "pg_shdepend":
            shown.append("'on', pg_temp.said(r.refclassid, r.refobjid)")
    else:
        to = references.get(key.removeprefix("r."), (f"{catalog}", False))[0]
        about = f"pg_temp.said('{to}'::regclass, {key})"
        if catalog == "pg_attribute":
            about = "pg_temp.said('pg_class'::regclass, r.attrelid) || ' ' || r.attname"
        elif catalog == "pg_enum":  # labels have no identity
            about = "pg_temp.said('pg_type'::regclass, r.enumtypid) || ' ' || r.enumlabel"
    where = [f"({key} >= {FIRST_USER_OID})"]
    if catalog == "pg_depend":
        where = [f"(r.objid >= {FIRST_USER_OID} OR r.refobjid >= {FIRST_USER_OID})"]
    if catalog == "pg_shdepend":
        where.append("r.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())")
    if catalog == "pg_attribute":
        where.append("NOT r.attisdropped")
    inside = ", ".join(shown)
    return f"SELECT {about}, jsonb_build_object({inside}) FROM {catalog} r WHERE {' AND '.join(where)}"


def _shown(name: str, column: str, kind: str, references: dict[str, tuple[str, bool]]) -> str:
    quoted = sql.Identifier("r", column).as_string(None)
    if name in SHOWN:
        return re.sub(r"\bacl\(", "pg_temp.acl(", SHOWN[name])
    if column in references:
        to, is_array = references[column]
        if is_array:
            return f"pg_temp.all_said('{to}'::regclass, {quoted}::oid[])"
        return f"pg_temp.said('{to}'::regclass, {quoted})"
    if kind == "aclitem[]":
        return f"pg_temp.acl({quoted})"
    return f"{quoted}::text"
