/*
 * publish: values to Redis commands: hashes of panes, the catalogue, sets of scopes. Fields come in
 * the order of the catalogue, so the same values give the same bytes.
 */
#ifndef VENTURI_CODEC_PUBLISH_H
#define VENTURI_CODEC_PUBLISH_H

#include "codec/commands.h"
#include "codec/keys.h"

/* What a hash says of itself. Times in ms. */
struct stamp {
	int64_t as_of;     /* the now it was computed with */
	int64_t watermark; /* INT64_MIN: none yet, "nan" */
	int64_t published; /* wall clock */
	uint64_t cut;      /* the transaction whose facts it reflects */
	double complete_ratio;
};

/*
 * HSET of those values of a window's hash that differ from `shown`, what it shows in Redis (NULL:
 * nothing, all are sent), and of the stamp.
 */
void publish_pane(struct commands *out, struct text key, enum window window,
		  const double values[METRIC_COUNT], const double *shown,
		  const struct stamp *stamp);

/* HSET of all metrics: name -> {"unit":…,"better":"up"|"down"|null,"help":…}. */
void publish_catalogue(struct commands *out, struct text key);

/* SADD of the ids of a level's scopes, or of all scopes. Nothing where there are none. */
void publish_scopes(struct commands *out, struct text key, const struct model *model);
void publish_level(struct commands *out, struct text key, const struct model *model,
		   enum level level);

/* HSET of one table's `cut:as_of_ms`. */
void publish_table_cut(struct commands *out, struct text tables, struct text key, uint64_t cut,
		       int64_t as_of);

void publish_unlink(struct commands *out, struct text key);
void publish_expiry(struct commands *out, struct text key, int64_t ttl);

/*
 * Whether a parser of numbers (Go's ParseFloat, JavaScript's Number) could read the identifier as a
 * number, an infinity or NaN. Rather too often than too seldom: bytes that a parser might skip at
 * either end don't count, and an empty one is JavaScript's 0.
 */
bool identifier_looks_numeric(struct text identifier);

#endif
