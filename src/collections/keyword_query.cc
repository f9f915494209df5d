#include "collections/keyword_query.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "collections/stopwords.h"

namespace moat::collections {

Result<std::vector<std::pair<const Property*, double>>> searched_properties(
    const Schema& schema, const SearchRequest& request
) {
    std::vector<std::pair<const Property*, double>> properties;
    if (request.properties.empty()) {
        for (const Property& property : schema.properties) {
            if (property.type == DataType::text && property.searchable) {
                properties.emplace_back(&property, 1.0);
            }
        }
        return properties;
    }
    for (const auto& [name, boost] : request.properties) {
        const Property* property = schema.find(name);
        if (property == nullptr || property->type != DataType::text || !property->searchable) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("property '{}' is no searchable text of '{}'", name, schema.name)
            };
        }
        properties.emplace_back(property, boost);
    }
    return properties;
}

Result<KeywordQuery> KeywordQuery::make(
    const CollectionState& state, const SearchContext& context, const SearchRequest& request
) {
    KeywordQuery query(state, context);
    query.least_terms_ = request.least_terms;
    query.every_term_ = request.every_term;
    TRY(query.collect(request));
    return query;
}

Status KeywordQuery::collect(const SearchRequest& request) {
    TRY_ASSIGN(const auto properties, searched_properties(state_->schema->schema, request));
    for (const auto& [property, boost] : properties)
        TRY(collect_property(*property, boost, request.query));
    return Ok{};
}

Status KeywordQuery::collect_property(
    const Property& property, double boost, const std::string& query
) {
    const PropertyNumber number = state_->schema->number_of(property);
    const auto said = query_terms(
        context_->tokenizer, state_->schema->schema.stopwords, property.tokenization, query
    );
    const std::set<std::string> terms(said.begin(), said.end());
    said_[property.tokenization] = terms.size();
    for (const std::string& text : terms) {
        TRY_ASSIGN(FoundTerm found, reader_.find(term_name(number, text)));
        if (found.documents == 0) continue;
        const double idf = index::bm25_idf(state_->documents, found.documents);
        const Term& term =
            terms_.emplace_back(Term{text, property.name, property.tokenization, std::move(found)});
        for (const FoundTerm::Part& part : term.found.parts) {
            // The view was made before the move: of a short string it would dangle.
            const std::string_view bytes = part.stored.empty() ? part.bytes : part.stored;
            TRY_ASSIGN(auto list, index::PostingList::open(bytes, part.begin));
            by_segment_[part.segment].push_back({query_terms_.size(), std::move(list)});
        }
        query_terms_.push_back({boost * idf, state_->average_length(number)});
    }
    return Ok{};
}

Result<index::RowSet> KeywordQuery::rows_of(const std::vector<const Term*>& terms) const {
    index::RowSet rows;
    for (const auto& lists : by_segment_) {
        for (const index::TermPostings& postings : lists) {
            if (std::ranges::find(terms, &terms_[postings.term]) == terms.end()) continue;
            TRY(postings.list.add_rows_to(rows));
        }
    }
    return rows;
}

Result<index::RowSet> KeywordQuery::with_enough_terms() const {
    index::RowSet enough;
    for (const auto& [tokenization, said] : said_) {
        std::map<std::string_view, std::vector<const Term*>> by_text;
        for (const Term& term : terms_) {
            if (term.tokenization == tokenization) by_text[term.text].push_back(&term);
        }
        const std::size_t needed = every_term_ ? said : std::min(least_terms_, said);
        if (by_text.size() < needed || needed == 0) continue;
        // After term n, level[k] holds the rows that have k + 1 or more of the first n.
        std::vector<index::RowSet> levels(needed);
        for (const auto& [text, terms] : by_text) {
            TRY_ASSIGN(const index::RowSet rows, rows_of(terms));
            for (std::size_t k = needed; k-- > 1;) {
                index::RowSet risen = levels[k - 1];
                risen &= rows;
                levels[k] |= risen;
            }
            levels[0] |= rows;
        }
        enough |= levels.back();
    }
    return enough;
}

Result<std::vector<index::ScoredRow>> KeywordQuery::run(
    const index::RowSet& allowed, std::size_t limit
) const {
    const index::RowSet* rows = &allowed;
    index::RowSet narrowed;
    if (every_term_ || least_terms_ > 1) {
        TRY_ASSIGN(narrowed, with_enough_terms());
        narrowed &= allowed;
        rows = &narrowed;
    }
    index::TopRows top(limit);
    for (std::size_t i = 0; i < by_segment_.size(); ++i) {
        if (by_segment_[i].empty()) continue;
        const SealedSegment bounds = reader_.bounds(i);
        TRY(index::score_segment(
            query_terms_,
            by_segment_[i],
            bounds.begin,
            bounds.end,
            *rows,
            state_->schema->schema.bm25,
            top
        ));
    }
    return top.take();
}

Result<std::string> KeywordQuery::explain(Row row) const {
    const Bm25& bm25 = state_->schema->schema.bm25;
    std::string text;
    for (std::size_t i = 0; i < by_segment_.size(); ++i) {
        const SealedSegment bounds = reader_.bounds(i);
        if (row < bounds.begin || row >= bounds.end) continue;
        for (const index::TermPostings& postings : by_segment_[i]) {
            TRY_ASSIGN(const auto posting, postings.list.find(row));
            if (!posting) continue;
            const index::QueryTerm& query = query_terms_[postings.term];
            const Term& term = terms_[postings.term];
            const double frequency = posting->frequency;
            const double score = index::bm25_score(query, *posting, bm25);
            text += fmt::format(
                "{}{}: \"{}\" {:.4f} (stands there {} times among {} terms, weight {:.4f})",
                text.empty() ? "" : "; ",
                term.property,
                term.text,
                score,
                frequency,
                posting->length,
                query.weight
            );
        }
    }
    return text;
}

std::string KeywordQuery::plan() const {
    std::uint64_t postings = 0;
    for (const Term& term : terms_)
        postings += term.found.documents;
    std::string line = fmt::format(
        "keywords: {} terms of the query were found, in {} postings of {} segments; BM25 with "
        "k1 {} and b {}",
        terms_.size(),
        postings,
        by_segment_.size(),
        state_->schema->schema.bm25.k1,
        state_->schema->schema.bm25.b
    );
    if (every_term_) line += "; every term must be there";
    if (least_terms_ > 1) line += fmt::format("; {} terms must be there", least_terms_);
    return line;
}

}  // namespace moat::collections
