/*
 * place: where in the scope tree what is known of a subject puts it (docs/events.md, "Placing").
 * Matches of globs are remembered by the text's number, so that each text is matched once.
 */
#ifndef VENTURI_CORE_PLACE_H
#define VENTURI_CORE_PLACE_H

#include "venturi/model.h"
#include "venturi/store.h"

/* What is in force at an instant: the last value of each attribute. String numbers; 0 is none. */
struct attributes {
	uint32_t product, repository, service, project, item, source;
	const struct record *labels; /* the last that carried any, or NULL */
};

/* Takes over what the record carries. True if anything that places changed. */
bool attributes_take(struct attributes *attributes, const struct record *record);

#define NOWHERE (-1)

struct place {
	int32_t product; /* its number in the model, or NOWHERE */
	uint32_t leaf;   /* the scope's number: a team's or the product's; unset if NOWHERE */
};

struct placer;

struct placer *placer_new(const struct model *model, struct strings *strings);
void placer_free(struct placer *placer);

struct place placer_place(struct placer *placer, const struct attributes *attributes);
/* The product `unmapped` itself. */
struct place placer_unmapped(const struct placer *placer);

/* Lookups of the model by string number, remembered likewise. */
enum flow_class placer_class(struct placer *placer, size_t workflow, uint32_t state);
bool placer_ignores(struct placer *placer, uint32_t source);
bool placer_production(struct placer *placer, uint32_t environment);

#endif
