#pragma once

#include "adapters/sqlite/database.h"
#include "base/clock.h"
#include "knowledge/catalog.h"

namespace moat::sqlite {

// knowledge::Catalog on tables of catalog.db (catalog_schema.cc).
// Threads: any. Borrows: the database and the clock.
class Catalog final : public knowledge::Catalog {
  public:
    Catalog(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    Status add_base(const knowledge::KnowledgeBase& base) override;
    Result<knowledge::BaseRecord> find_base(const std::string& name) override;
    Result<knowledge::BaseRecord> find_base_by_id(const std::string& id) override;
    Result<std::vector<knowledge::BaseRecord>> bases() override;
    Status set_readers(const std::string& base, const std::vector<std::string>& readers) override;
    Result<std::string> set_embedding_model(const std::string& base, const std::string& model)
        override;
    Status remove_base(const std::string& base) override;

    Result<knowledge::StoredDocument> put_document(const knowledge::NewDocument& document) override;
    Result<knowledge::StoredDocument> document(const std::string& id) override;
    Result<std::vector<knowledge::StoredDocument>> documents(const std::string& base) override;
    Status remove_document(const std::string& id) override;
    Result<bool> uses_content(const std::string& sha256) override;

    Result<std::vector<knowledge::Job>> jobs(std::size_t limit) override;
    Result<knowledge::StoredDocument> begin_job(const std::string& document) override;
    Result<bool> finish_job(const knowledge::Indexed& result) override;
    Result<bool> fail_job(
        const std::string& document, std::int64_t revision, const std::string& error
    ) override;
    Status postpone_job(const std::string& document, Time not_before, bool uncount) override;
    Result<std::int64_t> queue_embedding(const std::string& base, const std::string& model)
        override;

    Result<std::vector<knowledge::Garbage>> garbage() override;
    Status garbage_removed(std::int64_t number) override;

  private:
    std::int64_t now_ms() const { return unix_ms(clock_.now()); }

    Database& database_;
    const Clock& clock_;
};

}  // namespace moat::sqlite
