/* A label provider that takes every label: PostgreSQL has SECURITY LABEL only where one is loaded. */
#include "postgres.h"

#include "commands/seclabel.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

static void
check_nothing(const ObjectAddress *object, const char *label)
{
}

void _PG_init(void);

void
_PG_init(void)
{
	register_label_provider("keep", check_nothing);
}
