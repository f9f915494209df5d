#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

class QPDF;
class QPDFObjectHandle;

// The objects of a PDF file, by qpdf, which stays behind this header: its own headers do not
// compile as C++23, so pdf_file.cc is C++17 and this header must be both.
namespace moat::adapters {

// An object of a PDF file; a null object where there is none. Questions to an object of another
// type get an empty answer, never an error. Cheap to copy. May be used as long as its PdfFile.
// Methods throw std::exception when qpdf finds the file broken at that place.
class PdfObject {
  public:
    PdfObject() = default;
    explicit PdfObject(std::shared_ptr<QPDFObjectHandle> handle) : handle_(std::move(handle)) {}

    bool is_dictionary() const;
    bool is_array() const;
    bool is_stream() const;
    bool is_name() const;
    bool is_string() const;
    bool is_number() const;

    // Of a dictionary, or of a stream's; `key` without the slash.
    PdfObject get(const std::string& key) const;
    // Of an array.
    std::size_t size() const;
    PdfObject at(std::size_t index) const;

    std::string name() const;  // without the slash
    std::string text() const;  // of a text string, as UTF-8
    double number(double fallback) const;

    // The same for the same indirect object; 0 for others.
    std::uint64_t id() const;

    const QPDFObjectHandle* handle() const { return handle_.get(); }

  private:
    std::shared_ptr<QPDFObjectHandle> handle_;
};

// Thrown inside this adapter, and caught in it, when a file unpacks to more than it may.
struct UnpackedTooMuch {};

struct PdfOutlineEntry {
    std::string title;  // UTF-8
    int level = 1;      // from 1
    std::uint64_t page_id = 0;
};

// Threads: one at a time. Borrows: the bytes.
class PdfFile {
  public:
    enum class Problem { none, needs_password, damaged };

    // Opens and, where needed, repairs. `max_unpacked_bytes` is for all stream_data() together,
    // a stream that is asked for again not counted again.
    PdfFile(std::string_view bytes, std::size_t max_unpacked_bytes);
    ~PdfFile();
    PdfFile(const PdfFile&) = delete;
    PdfFile& operator=(const PdfFile&) = delete;

    Problem problem() const { return problem_; }
    const std::string& reason() const { return reason_; }  // of a problem, for people

    // In order. Throws std::exception.
    std::vector<PdfObject> pages() const;
    PdfObject trailer() const;
    // What a page has itself or from its parents ("Resources", "MediaBox"). Throws std::exception.
    PdfObject page_attribute(const PdfObject& page, const std::string& key) const;
    // Depth first, at most `max_entries` and six levels; a broken outline is empty.
    std::vector<PdfOutlineEntry> outline(std::size_t max_entries) const;

    // The bytes of a stream, filters undone; empty for what is no stream. A broken stream gives
    // what could be read. Throws UnpackedTooMuch.
    std::string stream_data(const PdfObject& stream);

  private:
    std::unique_ptr<QPDF> pdf_;
    std::size_t unpack_budget_;
    std::map<std::uint64_t, std::size_t> unpacked_;  // streams that were charged, and their bytes
    Problem problem_ = Problem::none;
    std::string reason_;
};

}  // namespace moat::adapters
