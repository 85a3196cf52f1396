#include "core/evaluate.h"

#include "core/item.h"

bool evaluate(struct scratch *scratch, const struct context *context,
	      const struct subject *subject, struct contribution *out)
{
	contribution_begin(out);
	switch (subject->about) {
	case ABOUT_ITEM:
		return item_contribute(&scratch->lives, context, subject, out) && !out->failed;
	case ABOUT_SERVICE:
	case ABOUT_RELEASE:
		return delivery_contribute(&scratch->delivery, context, subject, out) &&
		       !out->failed;
	default:
		return true;
	}
}

void scratch_free(struct scratch *scratch)
{
	lives_free(&scratch->lives);
	delivery_free(&scratch->delivery);
}
