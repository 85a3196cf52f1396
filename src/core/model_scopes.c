/*
 *   acme                        portfolio; with acme/_product and acme/_project
 *   ├─ acme/claims              stream; with …/_product and …/_project
 *   │  └─ acme/claims/intake    product
 *   │     └─ …/intake/falcon    team
 *   ├─ acme/tools               a product without a stream
 *   └─ acme/unmapped            what nothing places
 *
 * The tree is drafted in the order of the configuration, with links by number, then sorted by id.
 */
#include "model_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct node {
	struct scope scope;
	uint32_t number; /* in the draft */
	uint32_t parent; /* in the draft; NONE for the portfolio */
};

struct draft {
	struct model *model;
	struct node *nodes;
	uint32_t n;
	uint32_t *sorted; /* draft number -> scope number */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool slug_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool model_name_valid(struct text name)
{
	if (!name.len || name.at[0] == '_')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!slug_char(lower(name.at[i])))
			return false;
	return true;
}

/* The parent's id, a slash, and the name in lower case. */
static char *scope_id(struct draft *draft, uint32_t parent, struct text name)
{
	struct text above = parent == NONE ? text_of(NULL) : text_of(draft->nodes[parent].scope.id);
	char *id = model_memory(draft->model, above.len + name.len + 2, 1), *to = id;

	if (!id)
		return NULL;
	if (above.len) {
		memcpy(to, above.at, above.len);
		to += above.len;
		*to++ = '/';
	}
	for (size_t i = 0; i < name.len; i++)
		*to++ = lower(name.at[i]);
	return id;
}

static bool add(struct draft *draft, enum level level, uint32_t parent, const char *name,
		struct err *err)
{
	struct node *node = &draft->nodes[draft->n];

	if (level != LEVEL_MODE && !model_name_valid(text_of(name)))
		return err_set(err, 78, "\"%s\" gives no scope id", name ? name : "");
	*node = (struct node){.number = draft->n, .parent = parent};
	node->scope.id = scope_id(draft, parent, text_of(name));
	if (!node->scope.id)
		return model_no_memory(err);
	node->scope.level = level;
	node->scope.product = parent == NONE ? -1 : draft->nodes[parent].scope.product;
	draft->n++;
	return true;
}

/* A portfolio or a stream, and right behind it its two roll-ups. */
static bool add_with_modes(struct draft *draft, enum level level, uint32_t parent, const char *name,
			   struct err *err)
{
	uint32_t number = draft->n;

	return add(draft, level, parent, name, err) &&
	       add(draft, LEVEL_MODE, number, "_product", err) &&
	       add(draft, LEVEL_MODE, number, "_project", err);
}

static bool add_stream(struct draft *draft, const char *name, uint32_t *number, struct err *err)
{
	struct text text = text_of(name);

	*number = 0;
	if (!text.len)
		return true;
	for (uint32_t i = 0; i < draft->n; i++) {
		const struct node *node = &draft->nodes[i];
		struct text id = text_of(node->scope.id);

		if (node->scope.level == LEVEL_STREAM && id.len > text.len &&
		    id.at[id.len - text.len - 1] == '/' &&
		    text_same_any_case((struct text){id.at + id.len - text.len, text.len}, text)) {
			*number = i;
			return true;
		}
	}
	*number = draft->n;
	return add_with_modes(draft, LEVEL_STREAM, 0, name, err);
}

static bool add_product(struct draft *draft, const struct product_spec *spec,
			struct product *product, struct err *err)
{
	uint32_t stream;

	if (text_same_any_case(text_of(spec->name), TEXT("unmapped")))
		return err_set(err, 78, "a product cannot be named \"unmapped\"");
	if (!add_stream(draft, spec->stream, &stream, err))
		return false;
	product->scope = draft->n;
	if (!add(draft, LEVEL_PRODUCT, stream, spec->name, err))
		return false;
	draft->nodes[product->scope].scope.product = (int)(product - draft->model->products);
	return true;
}

static bool add_all(struct draft *draft, const struct model_spec *spec, struct err *err)
{
	struct model *model = draft->model;
	struct product *unmapped = &model->products[spec->n_products];

	if (!add_with_modes(draft, LEVEL_PORTFOLIO, NONE, spec->portfolio, err))
		return false;
	for (size_t i = 0; i < spec->n_products; i++)
		if (!add_product(draft, &spec->products[i], &model->products[i], err))
			return false;
	unmapped->scope = draft->n;
	if (!add(draft, LEVEL_PRODUCT, 0, "unmapped", err))
		return false;
	draft->nodes[unmapped->scope].scope.product = (int)spec->n_products;
	for (size_t i = 0; i < spec->n_teams; i++) {
		assert(spec->teams[i].product < spec->n_products);
		model->team_scopes[i] = draft->n;
		if (!add(draft, LEVEL_TEAM, model->products[spec->teams[i].product].scope,
			 spec->teams[i].name, err))
			return false;
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->scope.id, ((const struct node *)b)->scope.id);
}

/*
 * A scope's chain: itself and what lies above it; for a leaf also the roll-ups of its mode, which
 * stand one or two places behind their parent in the draft.
 */
static void make_chain(struct draft *draft, const uint32_t *place, const struct node *node)
{
	struct model *model = draft->model;
	struct scope *scope = &model->scopes[draft->sorted[node->number]];
	bool in_mode = scope->product >= 0 && (uint32_t)scope->product + 1 < model->n_products;

	for (uint32_t at = node->number; at != NONE; at = draft->nodes[place[at]].parent) {
		enum level level = draft->nodes[place[at]].scope.level;

		scope->chain[scope->n_chain++] = draft->sorted[at];
		if (in_mode && (level == LEVEL_PORTFOLIO || level == LEVEL_STREAM))
			scope->chain[scope->n_chain++] =
				draft->sorted[at + 1 +
					      (uint32_t)model->products[scope->product].mode];
	}
}

static bool number_by_id(struct draft *draft, struct err *err)
{
	struct model *model = draft->model;

	qsort(draft->nodes, draft->n, sizeof *draft->nodes, compare_ids);
	for (uint32_t i = 0; i < draft->n; i++) {
		if (i && !strcmp(draft->nodes[i].scope.id, draft->nodes[i - 1].scope.id))
			return err_set(err, 78, "two scopes have the id \"%s\"",
				       draft->nodes[i].scope.id);
		draft->sorted[draft->nodes[i].number] = i;
		model->scopes[i] = draft->nodes[i].scope;
	}
	model->n_scopes = draft->n;
	/* Sorted, a draft's number is found at the place that it was sorted to. */
	for (uint32_t i = 0; i < draft->n; i++)
		make_chain(draft, draft->sorted, &draft->nodes[i]);
	return true;
}

static void finish(struct draft *draft, const struct model_spec *spec)
{
	struct model *model = draft->model;

	for (uint32_t i = 0; i < model->n_products; i++)
		model->products[i].scope = draft->sorted[model->products[i].scope];
	for (size_t i = 0; i < spec->n_teams; i++)
		model->team_scopes[i] = draft->sorted[model->team_scopes[i]];
	for (uint32_t i = 0; i < model->n_scopes; i++) {
		const struct scope *leaf = &model->scopes[i];

		if (leaf->product < 0 || !model->products[leaf->product].sle_ms)
			continue;
		for (uint32_t j = 0; j < leaf->n_chain; j++)
			model->scopes[leaf->chain[j]].has_sle = true;
	}
}

bool model_make_scopes(struct model *model, const struct model_spec *spec, struct err *err)
{
	/* Each product may bring a stream with its two roll-ups. */
	size_t most = 3 + spec->n_products * 4 + 1 + spec->n_teams;
	struct draft draft = {.model = model};
	bool made = false;

	draft.nodes = calloc(most, sizeof *draft.nodes);
	draft.sorted = calloc(most, sizeof *draft.sorted);
	model->scopes = model_memory(model, most, sizeof *model->scopes);
	model->team_scopes = model_memory(model, spec->n_teams, sizeof *model->team_scopes);
	if (!draft.nodes || !draft.sorted || !model->scopes || !model->team_scopes) {
		model_no_memory(err);
		goto done;
	}
	if (!add_all(&draft, spec, err) || !number_by_id(&draft, err))
		goto done;
	finish(&draft, spec);
	made = true;
done:
	free(draft.sorted);
	free(draft.nodes);
	return made;
}
