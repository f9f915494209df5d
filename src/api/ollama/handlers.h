#pragma once

#include "api/ollama/routes.h"
#include "http/exchange.h"

// The handlers behind routes(); each answers one exchange.
namespace moat::api::ollama {

void get_version(http::Exchange& exchange, const Services& services);
// The account at the vendor's cloud, which this server never talks to: nobody is signed in.
void who_is_signed_in(http::Exchange& exchange, const Services& services);
void sign_out(http::Exchange& exchange, const Services& services);
void search_web(http::Exchange& exchange, const Services& services);
void fetch_page(http::Exchange& exchange, const Services& services);
void recommend(http::Exchange& exchange, const Services& services);
void list_models(http::Exchange& exchange, const Services& services);
void list_loaded(http::Exchange& exchange, const Services& services);

void generate(http::Exchange& exchange, const Services& services);
void chat(http::Exchange& exchange, const Services& services);
void embed(http::Exchange& exchange, const Services& services);
void embed_one(http::Exchange& exchange, const Services& services);  // /api/embeddings, the old one

void show_model(http::Exchange& exchange, const Services& services);
void create_model(http::Exchange& exchange, const Services& services);
void copy_model(http::Exchange& exchange, const Services& services);
void delete_model(http::Exchange& exchange, const Services& services);

void has_blob(http::Exchange& exchange, const Services& services);
void put_blob(http::Exchange& exchange, const Services& services);

}  // namespace moat::api::ollama
